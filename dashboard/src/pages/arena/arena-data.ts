/** What the first page reads. */
import { type Arena, answered } from "../../supabase";
import type { LiveAgentRow, ModelRow } from "./models";

export interface ArenaData {
  models: ModelRow[];
  agents: LiveAgentRow[];
}

export async function readArena(arena: Arena, signal: AbortSignal): Promise<ArenaData> {
  const [models, agents] = await Promise.all([
    answered(arena.from("models").select("*").order("id").abortSignal(signal)),
    answered(arena.from("live_agents").select("*").abortSignal(signal)),
  ]);
  return { models, agents };
}
