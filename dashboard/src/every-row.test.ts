import { expect, test } from "vitest";
import { everyRow } from "./every-row";

/** A table of `length` rows, of which an answer holds `cut` at most. */
function table(length: number, cut: number) {
  const rows = Array.from({ length }, (_, index) => index);
  return async (from: number, to: number) => rows.slice(from, Math.min(to + 1, from + cut));
}

test.each([
  [0, 1_000],
  [1_000, 1_000],
  [2_345, 1_000],
  [250, 100],
])("%i rows are all read where an answer holds %i", async (length, cut) => {
  const rows = await everyRow(table(length, cut));
  expect(rows).toEqual(Array.from({ length }, (_, index) => index));
});

test("no more than what is wanted", async () => {
  expect(await everyRow(table(5_000, 1_000), 1_041)).toHaveLength(1_041);
  expect(await everyRow(table(30, 1_000), 41)).toHaveLength(30);
});
