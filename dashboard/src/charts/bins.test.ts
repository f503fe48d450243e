import { expect, test } from "vitest";
import { binAmount, bins, quantile } from "./bins";

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

test("the widest sample rules how many bins there are, within what is seen and what there is room for", () => {
  const steps = (step: number) => Array.from({ length: 64 }, (_, index) => (index % 8) * step);
  // Quartiles 1.75 and 5.25: 2 · 3.5 / 4 = 1.75 wide.
  expect(binAmount([steps(1), steps(0.5)], 0, 35, 60)).toBe(20);
  expect(binAmount([steps(1), steps(0.5)], 0, 35, 12)).toBe(12);
  expect(binAmount([steps(1)], 0, 8, 60)).toBe(8);
  expect(binAmount([[3, 3, 3], []], 2, 4, 60)).toBe(8);
});

test("a few distinct times make no comb", () => {
  const times = Array.from({ length: 96 }, (_, n) => 24 + ((7 * n) % 11) / 2);
  const { counts } = bins(times, 24, 29, binAmount([times], 24, 29, 60));
  expect(counts).not.toContain(0);
});

test("quantiles interpolate", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([1], 0.9)).toBe(1);
  expect(quantile([], 0.5)).toBeNaN();
});
