import { scaleTime } from "@visx/scale";
import { expect, test } from "vitest";
import { timeTick } from "./time-tick";

function ticks(from: Date, to: Date): string[] {
  return scaleTime<number>({ domain: [from, to], range: [0, 400] })
    .ticks(4)
    .map(timeTick);
}

test("an afternoon is told in hours", () => {
  expect(ticks(new Date(2026, 10, 30, 13, 10), new Date(2026, 10, 30, 17, 10))).toEqual([
    "14:00",
    "15:00",
    "16:00",
    "17:00",
  ]);
});

test("days, years and seconds have their own form", () => {
  expect(ticks(new Date(2026, 10, 28), new Date(2026, 11, 1))).toContain("30 Nov");
  expect(timeTick(new Date(2027, 0, 1))).toBe("2027");
  expect(timeTick(new Date(2027, 0, 1, 9, 5, 30))).toBe("09:05:30");
});

test("no two neighbours read the same", () => {
  const minute = 60_000;
  for (const span of [1, 30, 240, 3_000, 40_000, 600_000, 4_000_000]) {
    const from = new Date(2026, 10, 30, 13, 10);
    const texts = ticks(from, new Date(from.getTime() + span * minute));
    expect(texts.filter((text, index) => text === texts[index - 1])).toEqual([]);
  }
});
