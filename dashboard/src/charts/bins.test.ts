import { expect, test } from "vitest";
import { bins, quantile } from "./bins";

test("every value is in one bin or beyond", () => {
  expect(bins([0, 1, 1.5, 2, 4, 9], 0, 4, 4)).toEqual({
    start: 0,
    width: 1,
    counts: [1, 2, 1, 1],
    beyond: 1,
  });
});

test("all values alike do not divide by nothing", () => {
  expect(bins([3, 3], 3, 3, 2).counts.reduce((sum, each) => sum + each)).toBe(2);
});

test("quantiles interpolate", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([1], 0.9)).toBe(1);
  expect(quantile([], 0.5)).toBeNaN();
});
