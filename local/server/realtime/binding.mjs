/** What a channel asks for: an event on tables, perhaps filtered. */
import { parseFilter } from "./filters.mjs";

const EVENTS = ["*", "INSERT", "UPDATE", "DELETE"];
let lastId = 0;

export class BindingError extends Error {}

/**
 * @param {{event?: string, schema?: string, table?: string, filter?: string}} config as the client sent it
 * @returns {{id: number, event: string, schema: string | null, table: string | null,
 *   filter: object | null, echo: object}} null stands for any; `echo` is what the client compares
 * @throws {BindingError}
 * @throws {import("./filters.mjs").FilterError}
 */
export function parseBinding(config) {
  const { event = "*", schema = "public", table, filter } = config ?? {};
  if (!EVENTS.includes(event))
    throw new BindingError(`event must be one of ${EVENTS.join(", ")}, got ${JSON.stringify(event)}`);
  const id = ++lastId;
  return {
    id,
    event,
    schema: any(schema),
    table: any(table),
    filter: parseFilter(filter),
    echo: { ...config, id },
  };
}

/** Answers for a binding that could not be parsed, so that the client can match its own list. */
export function inertBinding(config) {
  const binding = parseBinding({});
  return { ...binding, echo: { ...config, id: binding.id } };
}

function any(name) {
  return name === undefined || name === null || name === "*" ? null : name;
}
