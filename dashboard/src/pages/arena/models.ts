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
        // By code, not by locale, whose rules take a browser a while to load at the first sight of the page.
        (nameOf(one) < nameOf(other) ? -1 : 1),
    );
}

/** Different for each, for the id is at its end. */
function nameOf({ model }: Choice): string {
  return `${model.name.toLowerCase()} ${model.id}`;
}

/** Why a model cannot be run right now; null where it can. */
export function whyItWaits(id: string, agents: readonly LiveAgentRow[]): string | null {
  if (agents.length === 0) return "no agent is running";
  return agents.some((agent) => agent.models?.includes(id)) ? null : "no running agent has it";
}

/** What keeps an agent that is running from all work, such as a GPU that is gone; empty where nothing does. */
function whatTroubles(agents: readonly LiveAgentRow[]): string {
  const troubled = agents.find((agent) => agent.problem);
  return troubled ? ` ${troubled.name} says: ${troubled.problem}` : "";
}

/** Why a battle of these two would wait; empty where it need not. One agent runs both. */
export function whyPairWaits(a: string, b: string, agents: readonly LiveAgentRow[]): string {
  const missing = [...new Set([a, b])].filter((id) => id && whyItWaits(id, agents));
  if (missing.length > 0)
    return `No running agent can run ${missing.join(" or ")}: the battle waits until one can.${whatTroubles(agents)}`;
  const isAbleToBoth = (agent: LiveAgentRow) => agent.models?.includes(a) && agent.models.includes(b);
  if (!a || !b || agents.some(isAbleToBoth)) return "";
  return "No running agent can run both of them: the battle waits until one can.";
}

/** Whether an id that was chosen earlier can still be chosen. */
export function isOffered(id: string, all: readonly Choice[]): boolean {
  return all.some(
    ({ model, variants }) => model.can_detect_cars && [model, ...variants].some((each) => each.id === id),
  );
}

/** What is chosen at first: two that can run now, if there are. */
export function firstPair(all: readonly Choice[], agents: readonly LiveAgentRow[]): string[] {
  const able = all.filter(({ model }) => model.can_detect_cars).map(({ model }) => model.id);
  const waits = (id: string) => Number(whyItWaits(id, agents) !== null);
  return able.sort((one, other) => waits(one) - waits(other)).slice(0, 2);
}
