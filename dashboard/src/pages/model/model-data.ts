/** What the page of one model reads. */
import type { Database } from "../../database.types";
import { type Arena, answered, answeredOrNull } from "../../supabase";

type Public = Database["public"];
export type HistoryRow = Public["Views"]["model_history"]["Row"];

export const MOST_HISTORY = 500;

export interface ModelData {
  model: Public["Tables"]["models"]["Row"] | null;
  /** The same model in other runtimes: their ids. */
  siblings: string[];
  ratings: (Public["Tables"]["ratings"]["Row"] & { hardware: string })[];
  /** Newest first. */
  history: HistoryRow[];
}

export async function readModel(arena: Arena, id: string, signal: AbortSignal): Promise<ModelData> {
  const base = id.split("@")[0] ?? id;
  // Within `or` some characters are PostgREST's own; no model's id has them.
  if (!/^[\w.-]+$/.test(base)) return { model: null, siblings: [], ratings: [], history: [] };
  const [model, family, ratings, machines, history] = await Promise.all([
    answeredOrNull(arena.from("models").select("*").eq("id", id).abortSignal(signal).maybeSingle()),
    answered(
      arena
        .from("models")
        .select("id")
        .or(`id.eq.${base},base_id.eq.${base}`)
        .order("id")
        .abortSignal(signal),
    ),
    answered(arena.from("ratings").select("*").eq("model_id", id).abortSignal(signal)),
    answered(arena.from("machines").select("machine,hardware").abortSignal(signal)),
    answered(
      arena
        .from("model_history")
        .select("*")
        .eq("model_id", id)
        .order("created_at", { ascending: false })
        .limit(MOST_HISTORY)
        .abortSignal(signal),
    ),
  ]);
  const hardware = new Map(machines.map((each) => [each.machine, each.hardware]));
  return {
    model,
    siblings: family.map((each) => each.id).filter((each) => each !== id),
    ratings: ratings.map((rating) => ({ ...rating, hardware: hardware.get(rating.machine) ?? "unknown" })),
    history,
  };
}
