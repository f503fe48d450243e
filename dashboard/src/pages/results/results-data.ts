/** What the page of results reads. */
import type { Database } from "../../database.types";
import { everyRow } from "../../every-row";
import { type Arena, answered } from "../../supabase";

export type ResultRow = Database["public"]["Views"]["result_list"]["Row"];

export interface Filter {
  /** Empty for all, as the others. */
  model: string;
  machine: string;
  outcome: "" | "decided" | "tie";
}

export const NO_FILTER: Filter = { model: "", machine: "", outcome: "" };

export function readResults(
  arena: Arena,
  filter: Filter,
  most: number,
  signal: AbortSignal,
): Promise<ResultRow[]> {
  return everyRow((from, to) => answered(filtered(arena, filter).range(from, to).abortSignal(signal)), most);
}

/** Newest first. */
function filtered(arena: Arena, filter: Filter) {
  let query = arena.from("result_list").select("*");
  // A model's id holds none of the characters that PostgREST would read as its own.
  if (filter.model) query = query.or(`model_a_id.eq.${filter.model},model_b_id.eq.${filter.model}`);
  if (filter.machine) query = query.eq("machine", filter.machine);
  if (filter.outcome === "tie") query = query.eq("winner", "tie");
  if (filter.outcome === "decided") query = query.neq("winner", "tie");
  return query.order("created_at", { ascending: false }).order("id");
}
