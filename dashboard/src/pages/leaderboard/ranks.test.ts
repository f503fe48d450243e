import { expect, test } from "vitest";
import type { RatingRow } from "./leaderboard-data";
import { groupsOf, meeting, rankText } from "./ranks";

function rating(model_id: string, low: number, high: number, connected_group = 0): RatingRow {
  return {
    model_id,
    rating: (low + high) / 2,
    rating_low: low,
    rating_high: high,
    connected_group,
  } as RatingRow;
}

test("ranks that the intervals cannot tell apart are shared", () => {
  const all = [
    rating("a", 1100, 1200),
    rating("b", 1000, 1110),
    rating("c", 980, 1050),
    rating("d", 800, 850),
  ];
  expect(all.map((each) => rankText(each, all))).toEqual(["1–2", "1–3", "2–3", "4"]);
});

test("a meeting is seen from either side", () => {
  const tallies = [{ machine: "m", model_a: "a", model_b: "b", wins_a: 3, wins_b: 1, ties: 2 }];
  expect(meeting("a", "b", tallies)).toEqual({ won: 3, lost: 1, tied: 2, share: 4 / 6 });
  expect(meeting("b", "a", tallies)).toMatchObject({ won: 1, lost: 3 });
  expect(meeting("a", "c", tallies)).toBeNull();
  expect(
    meeting("a", "b", [{ machine: "m", model_a: "a", model_b: "b", wins_a: 0, wins_b: 0, ties: 0 }]),
  ).toBeNull();
});

test("groups stand apart", () => {
  const groups = groupsOf([rating("x", 0, 1, 1), rating("a", 0, 1), rating("b", 0, 1)]);
  expect(groups.map((group) => group.map(({ model_id }) => model_id))).toEqual([["a", "b"], ["x"]]);
});
