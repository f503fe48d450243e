/** What the first page reads. */
import type { Database } from "../../database.types";
import { type Arena, answered, answeredOrNull } from "../../supabase";
import type { LiveAgentRow, ModelRow } from "./models";

export type SettingsRow = Database["public"]["Tables"]["arena_settings"]["Row"];

export interface ArenaData {
  models: ModelRow[];
  agents: LiveAgentRow[];
  settings: SettingsRow | null;
}

export async function readArena(arena: Arena, signal: AbortSignal): Promise<ArenaData> {
  const [models, agents, settings] = await Promise.all([
    answered(arena.from("models").select("*").order("id").abortSignal(signal)),
    answered(arena.from("live_agents").select("*").abortSignal(signal)),
    answeredOrNull(arena.from("arena_settings").select("*").abortSignal(signal).maybeSingle()),
  ]);
  return { models, agents, settings };
}
