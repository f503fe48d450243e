/**
 * Which model is better by a metric, by how much, and how sure that is, as a row of comparison_results tells it.
 *
 * The verdict's estimate is paired, and on a machine that drifted it is not what both figures give. So it is what is
 * shown wherever there is one; the figures are compared only where there is none. The agent's report says the same.
 */
import { numberOf, objectOf, textOf, type Unknown } from "./reading";

export type Side = "a" | "b";

/** ratio: by the natural logarithm of the ratio. share: 0.935 is 93.5 points of 100. plain: by plain difference. */
export type Scale = "ratio" | "share" | "plain";

interface Measure {
  scale: Scale;
  moreIsBetter: boolean;
}

export const COMPOSITE = "composite";

const QUALITY: Measure = { scale: "share", moreIsBetter: true };
const COST: Measure = { scale: "ratio", moreIsBetter: false };

const MEASURES: Readonly<Record<string, Measure>> = {
  [COMPOSITE]: QUALITY,
  accuracy: QUALITY,
  exact_count: QUALITY,
  f1_score: QUALITY,
  ap50: QUALITY,
  ap50_95: QUALITY,
  speed_ms: COST,
  latency_ms: COST,
  memory_mb: COST,
  memory_above_empty_mb: COST,
  gpu_memory_mb: COST,
  energy_j_per_image: COST,
  carbon_g_per_1k_images: COST,
  throughput_fps: { scale: "ratio", moreIsBetter: true },
  count_mae: { scale: "plain", moreIsBetter: false },
  green_score: { scale: "plain", moreIsBetter: true },
};

/** How much better B is than A: negative where A is better. In points, or as the logarithm of a factor. */
export interface Advantage {
  value: number;
  /** The interval's ends; null where untested. */
  limits: readonly [number, number] | null;
}

export interface Standing {
  a: number | null;
  b: number | null;
  /** null: neither is better, or nobody judged. */
  better: Side | null;
  /** null where the two cannot be compared. */
  advantage: Advantage | null;
  pValue: number | null;
  test: string;
}

export function scaleOf(name: string): Scale {
  return (MEASURES[name] ?? QUALITY).scale;
}

/** Whether there is an interval, and it says who is better. */
export function isBeyondChance(standing: Standing): boolean {
  return standing.better !== null && standing.advantage?.limits != null;
}

/** null where there is a figure of neither model. */
export function standing(row: Unknown, name: string): Standing | null {
  const entry = entryOf(row, name);
  const a = figure(row, "a", name, entry);
  const b = figure(row, "b", name, entry);
  const measure = MEASURES[name];
  if ((a === null && b === null) || !measure) return null;
  const advantage = a === null || b === null ? null : advantageOf(measure, a, b, entry);
  return {
    a,
    b,
    advantage,
    better: advantage ? sideOf(row, entry.winner) : null,
    pValue: numberOf(entry.p_value),
    test: textOf(entry.test),
  };
}

/** "a", "b", "tie", or null where none is named. */
export function winnerOf(row: Unknown): Side | "tie" | null {
  if (row.winner === "tie" || (row.model_a_id && row.model_a_id === row.model_b_id)) return "tie";
  return sideOf(row, row.winner);
}

function figure(row: Unknown, side: Side, name: string, entry: Unknown): number | null {
  const metrics = objectOf(row, `model_${side}_metrics`);
  return numberOf(name in metrics ? metrics[name] : entry[side]);
}

function entryOf(row: Unknown, name: string): Unknown {
  if (name !== COMPOSITE) return objectOf(row, "verdict", "metrics", name);
  return { test: "bootstrap", ...objectOf(row, "verdict", COMPOSITE), winner: row.winner };
}

function sideOf(row: Unknown, winner: unknown): Side | null {
  const { model_a_id: a, model_b_id: b } = row;
  if (a === b || !winner || (winner !== a && winner !== b)) return null;
  return winner === a ? "a" : "b";
}

function advantageOf(measure: Measure, a: number, b: number, entry: Unknown): Advantage | null {
  const ofA = measure.scale === "ratio" ? logRatio(a, b, entry) : difference(measure.scale, a, b, entry);
  // Of what is good, more of it for A is B's disadvantage.
  return ofA && measure.moreIsBetter ? flipped(ofA) : ofA;
}

function difference(scale: Scale, a: number, b: number, entry: Unknown): Advantage {
  const unit = scale === "share" ? 100 : 1;
  const [value, low, high] = ["difference", "ci_low", "ci_high"].map((key) => numberOf(entry[key]));
  return {
    value: unit * (value ?? a - b),
    limits: low == null || high == null ? null : sorted(unit * low, unit * high),
  };
}

/** Of A's figure over B's; null where either is 0, for which no factor can be said. */
function logRatio(a: number, b: number, entry: Unknown): Advantage | null {
  if (a <= 0 || b <= 0) return null;
  const [ratio, low, high] = ["ratio", "ratio_low", "ratio_high"].map((key) => numberOf(entry[key]));
  return {
    value: Math.log(ratio != null && ratio > 0 ? ratio : a / b),
    limits: low == null || high == null ? null : sorted(log(low), log(high)),
  };
}

/** An interval may reach below the ratios that there are. */
function log(ratio: number): number {
  return ratio > 0 ? Math.log(ratio) : Number.NEGATIVE_INFINITY;
}

function sorted(one: number, other: number): readonly [number, number] {
  return one <= other ? [one, other] : [other, one];
}

function flipped({ value, limits }: Advantage): Advantage {
  return { value: 0 - value, limits: limits && [0 - limits[1], 0 - limits[0]] };
}
