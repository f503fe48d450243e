import { expect, test } from "vitest";
import { ago, count, duration, ms, number, percent } from "./format";

test("numbers keep three significant digits and no more than whole ones", () => {
  expect([0.0446, 0.25, 23.744, 216.4, 12345.6].map((value) => number(value))).toEqual([
    "0.0446",
    "0.25",
    "23.7",
    "216",
    "12,346",
  ]);
  expect(number(null)).toBe("–");
  expect(number(Number.NaN)).toBe("–");
});

test("units", () => {
  expect(ms(23.744)).toBe("23.7 ms");
  expect(percent(0.935416)).toBe("93.5 %");
  expect(count(1, "image")).toBe("1 image");
  expect(count(1200, "image")).toBe("1,200 images");
});

test("times are told from now", () => {
  const now = new Date("2026-01-01T12:00:00Z");
  expect(ago(new Date("2026-01-01T11:54:00Z"), now)).toBe("6 min ago");
  expect(ago(new Date("2026-01-01T14:00:00Z"), now)).toBe("in 2 h");
  expect(ago(now, now)).toBe("just now");
  expect(duration(90_000)).toBe("1 day");
});
