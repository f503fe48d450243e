/** A model's results over time, cut where they cannot be compared. */
import type { HistoryRow } from "./model-data";

export type Figure = "accuracy" | "speed_ms" | "energy_j_per_image";

export interface Moment {
  at: Date;
  value: number;
}

/** Runs of results with the same weights, oldest first; other weights are another model, so the line is cut there. */
export function runs(history: readonly HistoryRow[], figure: Figure): Moment[][] {
  const oldestFirst = [...history].sort((one, other) =>
    (one.created_at ?? "").localeCompare(other.created_at ?? ""),
  );
  const found: Moment[][] = [];
  let weights: string | null | undefined;
  for (const row of oldestFirst) {
    const value = row[figure];
    if (value === null || row.created_at === null) continue;
    if (found.length === 0 || row.weights_sha256 !== weights) found.push([]);
    weights = row.weights_sha256;
    found.at(-1)?.push({ at: new Date(row.created_at), value });
  }
  return found;
}

/** The machines of a history, the one with most results first. */
export function machinesOf(
  history: readonly HistoryRow[],
): { machine: string; hardware: string; results: number }[] {
  const found = new Map<string, { machine: string; hardware: string; results: number }>();
  for (const { machine, hardware } of history) {
    if (machine === null) continue;
    const known = found.get(machine) ?? { machine, hardware: hardware ?? "unknown", results: 0 };
    found.set(machine, { ...known, results: known.results + 1 });
  }
  return [...found.values()].sort((one, other) => other.results - one.results);
}
