/** The models that one can choose, each with the formats it runs in. */
import type { Database } from "../../database.types";

export type ModelRow = Database["public"]["Tables"]["models"]["Row"];
export type LiveAgentRow = Database["public"]["Views"]["live_agents"]["Row"];

export interface Choice {
  model: ModelRow;
  /** Its other runtimes. */
  variants: ModelRow[];
}

/** Those that can compete first, by name. */
export function choices(rows: readonly ModelRow[]): Choice[] {
  const offered = (model: ModelRow, base: ModelRow) =>
    model.base_id === base.id &&
    model.runtime !== null &&
    base.runtimes.includes(model.runtime) &&
    model.runtime !== base.default_runtime;
  return rows
    .filter((model) => model.base_id === null)
    .map((model) => ({ model, variants: rows.filter((each) => offered(each, model)) }))
    .sort(
      (one, other) =>
        Number(other.model.can_detect_cars) - Number(one.model.can_detect_cars) ||
        one.model.name.localeCompare(other.model.name),
    );
}

/** Why a model cannot be run right now; null where it can. */
export function whyItWaits(id: string, agents: readonly LiveAgentRow[]): string | null {
  if (agents.length === 0) return "no agent is running";
  return agents.some((agent) => agent.models?.includes(id)) ? null : "no running agent has it";
}

/** What is chosen at first: two that can run now, if there are. */
export function firstPair(all: readonly Choice[], agents: readonly LiveAgentRow[]): string[] {
  const able = all.filter(({ model }) => model.can_detect_cars).map(({ model }) => model.id);
  const waits = (id: string) => Number(whyItWaits(id, agents) !== null);
  return able.sort((one, other) => waits(one) - waits(other)).slice(0, 2);
}
