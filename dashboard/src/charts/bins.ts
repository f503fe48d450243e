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

/** @param share 0 to 1; interpolates between neighbours. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = [...values].sort((one, other) => one - other);
  const position = share * (ordered.length - 1);
  const low = ordered[Math.floor(position)] ?? Number.NaN;
  const high = ordered[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}
