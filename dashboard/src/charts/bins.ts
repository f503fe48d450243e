/** Counts of values in bins of equal width. */

export interface Bins {
  /** The lower end of the first bin. */
  start: number;
  width: number;
  counts: number[];
  /** How many lie above the last bin. */
  beyond: number;
}

/** @param limit where the last bin ends */
export function bins(values: readonly number[], start: number, limit: number, amount: number): Bins {
  const width = (limit - start) / amount || 1;
  const counts = new Array<number>(amount).fill(0);
  let beyond = 0;
  for (const value of values) {
    const index = value === limit ? amount - 1 : Math.floor((value - start) / width);
    if (index >= amount) beyond += 1;
    else if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  return { start, width, counts, beyond };
}

/** With fewer a picture says nothing. */
const FEWEST = 8;

/**
 * How many bins show several samples on one axis: as wide as the rule of Freedman and Diaconis makes them for the sample
 * that needs the widest, for narrower ones show where single values happen to lie.
 *
 * @param most that there is room for
 */
export function binAmount(
  samples: readonly (readonly number[])[],
  start: number,
  limit: number,
  most: number,
): number {
  const width = Math.max(0, ...samples.filter(({ length }) => length > 1).map(ruledWidth));
  if (width === 0) return FEWEST;
  return Math.max(FEWEST, Math.min(most, Math.round((limit - start) / width)));
}

function ruledWidth(values: readonly number[]): number {
  return (2 * (quantile(values, 0.75) - quantile(values, 0.25))) / Math.cbrt(values.length);
}

/** @param share 0 to 1; interpolates between neighbours. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = [...values].sort((one, other) => one - other);
  const position = share * (ordered.length - 1);
  const low = ordered[Math.floor(position)] ?? Number.NaN;
  const high = ordered[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}
