import { expect, test } from "vitest";
import { answered, DatabaseError, translated, Unreachable } from "./supabase";

test("a refusal keeps the database's words and names the field", () => {
  const error = translated({
    message: "images[3].car_count is -1.",
    code: "22023",
    details: "field=images[3].car_count",
    hint: "Give a whole number from 0 to 10000.",
  });
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ field: "images[3].car_count", hint: "Give a whole number from 0 to 10000." });
});

test("what has no code never reached the database", () => {
  expect(translated({ message: "TypeError: Failed to fetch", code: "" })).toBeInstanceOf(Unreachable);
  expect(translated({ message: "AbortError: aborted", code: "" }).name).toBe("AbortError");
});

test("answered gives the data or throws", async () => {
  expect(await answered(Promise.resolve({ data: [1], error: null }))).toEqual([1]);
  await expect(
    answered(Promise.resolve({ data: null, error: { message: "no", code: "42501" } })),
  ).rejects.toThrow("no");
});
