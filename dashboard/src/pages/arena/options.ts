/** How a job is measured and judged, as the form holds it and as the database takes it. */
import type { Json } from "../../database.types";

export const WEIGHTS = ["accuracy", "speed", "green", "memory"] as const;
export type Weight = (typeof WEIGHTS)[number];
export type Care = "quick" | "normal" | "thorough";

export interface BattleOptions {
  priority: number;
  confidence: number;
  care: Care;
  weights: Record<Weight, number>;
}

export const DEFAULT_OPTIONS: BattleOptions = {
  priority: 0,
  confidence: 0.25,
  care: "normal",
  weights: { accuracy: 40, speed: 30, green: 20, memory: 10 },
};

/** How long is measured; normal is what the agent does by itself. */
const CARE: Record<Care, Record<string, number>> = {
  quick: { min_seconds: 1, window_seconds: 1, windows: 2 },
  normal: {},
  thorough: { min_seconds: 15, window_seconds: 10, windows: 8 },
};

/** jobs.options: only what differs from the defaults. */
export function jobOptions(options: BattleOptions): Record<string, Json> {
  const { confidence, care, weights } = options;
  const differ = WEIGHTS.some((name) => weights[name] !== DEFAULT_OPTIONS.weights[name]);
  return {
    ...CARE[care],
    ...(confidence === DEFAULT_OPTIONS.confidence ? {} : { confidence }),
    ...(differ ? { weights } : {}),
  };
}

/** 0 to 1; of weights that are all 0, 0. */
export function shareOf(name: Weight, weights: Record<Weight, number>): number {
  const sum = WEIGHTS.reduce((total, each) => total + weights[each], 0);
  return sum === 0 ? 0 : weights[name] / sum;
}
