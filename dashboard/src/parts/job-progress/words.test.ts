import { expect, test } from "vitest";
import { errorWords, progressWords } from "./words";

test("the phase is told in words, with the model it works on", () => {
  expect(progressWords({ phase: "offline", fraction: 0.5, model_id: "yolo" })).toEqual({
    share: 0.5,
    text: "timing batches: yolo",
  });
  expect(progressWords(null)).toEqual({ share: null, text: "starting" });
  expect(progressWords({ phase: "a_later_one", fraction: 0.1 }).text).toBe("a_later_one");
});

test("weights are told in megabytes", () => {
  expect(progressWords({ phase: "weights", done: 5e6, total: 2e7 }).text).toBe(
    "getting the weights, 5 of 20 MB",
  );
});

test("an error without words says so", () => {
  expect(errorWords({ message: "No image.", hint: "Give one." })).toEqual({
    message: "No image.",
    hint: "Give one.",
  });
  expect(errorWords(null).message).toContain("nothing");
});
