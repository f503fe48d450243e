/** What the first page reads. */
import { queryOptions } from "@tanstack/react-query";
import { type Arena, answered } from "../../supabase";
import type { LiveAgentRow, ModelRow } from "./models";

export interface ArenaData {
  models: ModelRow[];
  agents: LiveAgentRow[];
}

export function arenaQuery(arena: Arena) {
  return queryOptions({ queryKey: ["arena"], queryFn: ({ signal }) => readArena(arena, signal) });
}

export async function readArena(arena: Arena, signal: AbortSignal): Promise<ArenaData> {
  const [models, agents] = await Promise.all([
    answered(arena.from("models").select("*").order("id").abortSignal(signal)),
    answered(arena.from("live_agents").select("*").abortSignal(signal)),
  ]);
  return { models, agents };
}
