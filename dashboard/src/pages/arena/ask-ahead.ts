import type { Connection } from "../../connection";
import { arenaQuery } from "./arena-data";
import { manifestQuery } from "./sample-source";

/** Asks for what the first page shows while it is still being drawn. */
export function askAhead({ supabase, config, queries }: Connection): void {
  void queries.prefetchQuery(arenaQuery(supabase));
  for (const sample of config.samples.slice(0, 1)) void queries.prefetchQuery(manifestQuery(sample));
}
