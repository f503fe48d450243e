import { expect, test } from "vitest";
import { answered, DatabaseError, translated, Unreachable } from "./supabase";

test("a refusal keeps the database's words and names the field", () => {
  const refusal = {
    message: "images[3].car_count is -1.",
    code: "22023",
    details: "field=images[3].car_count",
    hint: "Give a whole number from 0 to 10000.",
  };
  const error = translated(refusal, 400);
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ field: "images[3].car_count", hint: "Give a whole number from 0 to 10000." });
});

test("what got no answer never reached the database", () => {
  expect(translated({ message: "TypeError: Failed to fetch", code: "" }, 0)).toBeInstanceOf(Unreachable);
  expect(translated({ message: "TimeoutError: signal timed out", code: "" }, 0)).toBeInstanceOf(Unreachable);
  expect(translated({ message: "AbortError: aborted", code: "" }, 0).name).toBe("AbortError");
});

test("a gateway's refusal has no code, and is shown all the same", () => {
  expect(translated({ message: "Invalid API key", hint: "Double check it." }, 401)).toMatchObject({
    message: "Invalid API key",
    hint: "Double check it.",
    code: "401",
  });
  expect(translated({ message: "" }, 502).message).toBe("The database answers 502.");
});

test("answered gives the data or throws", async () => {
  expect(await answered(Promise.resolve({ data: [1], error: null, status: 200 }))).toEqual([1]);
  const refused = { data: null, error: { message: "no", code: "42501" }, status: 401 };
  await expect(answered(Promise.resolve(refused))).rejects.toThrow("no");
});
