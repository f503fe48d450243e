import { expect, test } from "vitest";
import { DEFAULT_OPTIONS, jobOptions, shareOf } from "./options";

test("only what was changed is sent", () => {
  expect(jobOptions(DEFAULT_OPTIONS)).toEqual({});
  expect(jobOptions({ ...DEFAULT_OPTIONS, care: "quick", confidence: 0.5 })).toEqual({
    min_seconds: 1,
    window_seconds: 1,
    windows: 2,
    confidence: 0.5,
  });
  const weights = { ...DEFAULT_OPTIONS.weights, speed: 0 };
  expect(jobOptions({ ...DEFAULT_OPTIONS, weights })).toEqual({ weights });
});

test("shares of the weights", () => {
  expect(shareOf("accuracy", DEFAULT_OPTIONS.weights)).toBe(0.4);
  expect(shareOf("speed", { accuracy: 0, speed: 0, green: 0, memory: 0 })).toBe(0);
});
