import { expect, test } from "vitest";
import { boxBetween, middleBox } from "./boxes";

test("a box is the same from whichever corner it was drawn, and stays in the image", () => {
  expect(boxBetween({ x: 50, y: 60 }, { x: -5, y: 20 }, 40, 100)).toEqual([0, 20, 40, 60]);
  expect(boxBetween({ x: 0.4, y: 20 }, { x: 49.6, y: 60 }, 400, 100)).toEqual([0, 20, 50, 60]);
});

test("a slip of the hand is no box", () => {
  expect(boxBetween({ x: 10, y: 10 }, { x: 12, y: 40 }, 100, 100)).toBeNull();
});

test("the middle", () => {
  expect(middleBox(100, 50)).toEqual([40, 20, 60, 30]);
});
