/** Boxes that are being drawn. */
import type { Box } from "../../result/pictures";

export interface Point {
  x: number;
  y: number;
}

/** Smaller is a slip of the hand. In pixels of the image. */
const LEAST = 3;

/** The box between two corners, within the image, in whole pixels; null where it is too small to be meant. */
export function boxBetween(one: Point, other: Point, width: number, height: number): Box | null {
  const within = (value: number, most: number) => Math.round(Math.max(0, Math.min(most, value)));
  const box = [
    within(Math.min(one.x, other.x), width),
    within(Math.min(one.y, other.y), height),
    within(Math.max(one.x, other.x), width),
    within(Math.max(one.y, other.y), height),
  ] as const;
  return box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST ? box : null;
}

/** A box in the middle, to be moved with the keyboard. */
export function middleBox(width: number, height: number): Box {
  return [
    Math.round(width * 0.4),
    Math.round(height * 0.4),
    Math.round(width * 0.6),
    Math.round(height * 0.6),
  ];
}
