import { expect, test } from "vitest";
import { machinesOf, runs } from "./history";
import type { HistoryRow } from "./model-data";

function row(minute: number, weights: string, accuracy: number | null, machine = "m1"): HistoryRow {
  return {
    created_at: `2026-01-01T00:0${minute}:00Z`,
    weights_sha256: weights,
    accuracy,
    machine,
    hardware: machine,
  } as HistoryRow;
}

test("the line is cut where the weights change", () => {
  const found = runs(
    [row(3, "bb", 0.7), row(2, "aa", null), row(1, "aa", 0.9), row(0, "aa", 0.8)],
    "accuracy",
  );
  expect(found.map((run) => run.map(({ value }) => value))).toEqual([[0.8, 0.9], [0.7]]);
});

test("nothing is no line", () => {
  expect(runs([], "accuracy")).toEqual([]);
});

test("machines by their results", () => {
  expect(
    machinesOf([row(0, "a", 1), row(1, "a", 1, "m2"), row(2, "a", 1, "m2")]).map(({ machine, results }) => [
      machine,
      results,
    ]),
  ).toEqual([
    ["m2", 2],
    ["m1", 1],
  ]);
});
