/** One axis for all bars of a kind, so that they can be held against one another. */
import type { Scale, Standing } from "./advantage";

export interface IntervalAxis {
  /** From -limit, where A is better, to +limit, where B is. */
  limit: number;
  label: string;
}

/** An interval this many times as long as the usual one may leave the axis rather than squeeze all others. */
const FAR = 3;

const POINTS: IntervalAxis[] = [1, 2, 5, 10, 20, 30, 50, 100].map((limit) => ({ limit, label: `${limit}` }));
const FACTORS: IntervalAxis[] = [1.1, 1.25, 1.5, 2, 3, 5, 10, 100].map((factor) => ({
  limit: Math.log(factor),
  label: `${factor}×`,
}));
const PLAIN: IntervalAxis[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].map((limit) => ({
  limit,
  label: `${limit}`,
}));

/** The shortest one that holds all estimates, and the intervals but for those that are unusually long. */
export function intervalAxis(scale: Scale, standings: readonly Standing[]): IntervalAxis {
  const advantages = standings.flatMap(({ advantage }) => (advantage ? [advantage] : []));
  const ends = advantages.flatMap(({ limits }) => (limits ? [Math.max(...limits.map(Math.abs))] : []));
  const usual = ends.length ? FAR * median(ends) : 0;
  const need = Math.max(
    0,
    ...advantages.map(({ value }) => Math.abs(value)),
    ...ends.filter((end) => end <= usual),
  );
  const axes = scale === "ratio" ? FACTORS : scale === "share" ? POINTS : PLAIN;
  return axes.find(({ limit }) => limit >= need) ?? (axes.at(-1) as IntervalAxis);
}

function median(values: readonly number[]): number {
  const ordered = [...values].sort((one, other) => one - other);
  const middle = ordered.length / 2;
  return ((ordered[Math.floor(middle)] ?? 0) + (ordered[Math.ceil(middle) - 1] ?? 0)) / 2;
}
