/** The images of a comparison, side by side. */

import type { Side } from "./advantage";
import { imageName } from "./image-name";
import { arrayOf, numberOf, objectOf, textOf, type Unknown } from "./reading";

/** x1, y1, x2, y2 in pixels of the upright image. */
export type Box = readonly [number, number, number, number];

export interface Found {
  box: Box;
  /** null where unknown. */
  score: number | null;
}

export interface Seen {
  count: number;
  /** 0 to 1. */
  accuracy: number;
  latencyMs: number | null;
  found: readonly Found[];
}

export interface Picture {
  index: number;
  /** Where the image is; of a job that may not be seen without its secrets, with which it may not be there. */
  path: string;
  /** How it is called. */
  name: string;
  description: string;
  truthCount: number;
  /** null where only their number is known. */
  truthBoxes: readonly Box[] | null;
  a: Seen | null;
  b: Seen | null;
  /** Cars that both models found. */
  shared: number;
}

const SAME_IOU = 0.5;

/**
 * @param rows of image_results
 * @param images of the job, to which image_index refers; empty where the job may not be seen
 * @returns those that disagree most first
 */
export function pictures(rows: readonly Unknown[], images: readonly unknown[]): Picture[] {
  const sides = new Map<number, Partial<Record<Side, Unknown>>>();
  for (const row of rows) {
    const index = numberOf(row.image_index);
    const side = row.side;
    if (index === null || (side !== "a" && side !== "b")) continue;
    sides.set(index, { ...sides.get(index), [side]: row });
  }
  const all = [...sides].map(([index, seen]) => picture(index, seen, objectOf(images[index])));
  return all.sort((one, other) => compare(disagreement(other), disagreement(one)) || one.index - other.index);
}

/** Of each side, the cars that the other did not find. */
export function alone(picture: Picture, side: Side): number {
  const seen = picture[side];
  return seen ? seen.found.length - picture.shared : 0;
}

/** First by count accuracy, then by the cars that only one of them found. */
export function disagreement(picture: Picture): readonly [number, number] {
  const gain = picture.a && picture.b ? Math.abs(picture.a.accuracy - picture.b.accuracy) : 0;
  return [gain, alone(picture, "a") + alone(picture, "b")];
}

function compare(one: readonly [number, number], other: readonly [number, number]): number {
  return one[0] - other[0] || one[1] - other[1];
}

function picture(index: number, sides: Partial<Record<Side, Unknown>>, image: Unknown): Picture {
  const some = sides.a ?? sides.b ?? {};
  // The result calls it by its name; its address stands in the job alone.
  const path = textOf(image.image_path) || textOf(some.image_path);
  const truthCount = numberOf(some.truth_count) ?? 0;
  const a = sides.a ? seenBy(sides.a, truthCount) : null;
  const b = sides.b ? seenBy(sides.b, truthCount) : null;
  return {
    index,
    path,
    name: imageName(path),
    description: textOf(image.description),
    truthCount,
    truthBoxes: Array.isArray(image.boxes) ? image.boxes.flatMap(boxOf) : null,
    a,
    b,
    shared: pairs(a?.found ?? [], b?.found ?? []),
  };
}

function seenBy(row: Unknown, truth: number): Seen {
  const count = numberOf(row.predicted_count) ?? 0;
  return {
    count,
    accuracy: Math.max(0, 1 - Math.abs(count - truth) / Math.max(truth, 1)),
    latencyMs: numberOf(row.latency_ms),
    found: arrayOf(row.detections).flatMap((each) => {
      const detection = objectOf(each);
      return boxOf(detection.box).map((box) => ({ box, score: numberOf(detection.score) }));
    }),
  };
}

function boxOf(value: unknown): Box[] {
  const corners = arrayOf(value).map(numberOf);
  return corners.length === 4 && !corners.includes(null) ? [corners as unknown as Box] : [];
}

/** Boxes that can be paired one to one, those that overlap most first. */
function pairs(ours: readonly Found[], theirs: readonly Found[]): number {
  const close = ours.flatMap((one, i) =>
    theirs
      .map((other, j) => ({ i, j, overlap: overlapOf(one.box, other.box) }))
      .filter((each) => each.overlap >= SAME_IOU),
  );
  close.sort((one, other) => other.overlap - one.overlap);
  const takenA = new Set<number>();
  const takenB = new Set<number>();
  for (const { i, j } of close) {
    if (takenA.has(i) || takenB.has(j)) continue;
    takenA.add(i);
    takenB.add(j);
  }
  return takenA.size;
}

/** Intersection over union; of a point and a box 1 or 0: whether it lies within. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (isPoint(a) || isPoint(b)) return width >= 0 && height >= 0 ? 1 : 0;
  const common = Math.max(width, 0) * Math.max(height, 0);
  const both = area(a) + area(b) - common;
  return both > 0 ? common / both : 0;
}

export function isPoint(box: Box): boolean {
  return box[0] === box[2] && box[1] === box[3];
}

function area(box: Box): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}
