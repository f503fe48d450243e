/** The `data` of a postgres_changes event, as JSON text. */

const MAX_CHANGE_BYTES = 1024 * 1024;
const MAX_KEPT_VALUE_BYTES = 64;

export const NO_PRIMARY_KEY = "Error 400: Bad Request, no primary key";
export const UNAUTHORIZED = "Error 401: Unauthorized";
const TOO_LARGE = "Error 413: Payload Too Large";

/**
 * @param {import("./replication.mjs").Change} change
 * @param {import("./access.mjs").Table} table
 * @param {Set<string>} selectable columns that the role may select
 * @param {{record: Map<string, string>, old: Map<string, string>}} values as JSON text
 */
export function changeData(change, table, selectable, values) {
  const tooLarge = size(values.record) + size(values.old) > MAX_CHANGE_BYTES;
  const shown = ({ name }) => selectable.has(name);
  // A delete is checked against no policy: the row is gone. With RLS only its key is told.
  const keyOnly = change.type === "DELETE" && table.rls;
  const columns = table.columns.filter(shown);
  return head(change, {
    columns: columns.map(({ name, type }) => ({ name, type })),
    record: object(columns, values.record, tooLarge),
    old: object(columns.filter(({ key }) => key || !keyOnly), values.old, tooLarge),
    errors: tooLarge ? [TOO_LARGE] : null,
  });
}

/** @param {string} error why this role is told nothing but that something happened */
export function refusedData(change, error) {
  return head(change, { columns: [], record: "{}", old: "{}", errors: [error] });
}

function head({ schema, table, type, committedAt }, { columns, record, old, errors }) {
  const start = JSON.stringify({ schema, table, type, commit_timestamp: committedAt, columns, errors });
  const parts = [start.slice(0, -1)];
  if (type !== "DELETE") parts.push(`"record":${record}`);
  if (type !== "INSERT") parts.push(`"old_record":${old}`);
  return `${parts.join(",")}}`;
}

function object(columns, values, tooLarge) {
  const kept = columns.filter(({ name }) => values.has(name) && !(tooLarge && isLong(values.get(name))));
  return `{${kept.map(({ name }) => `${JSON.stringify(name)}:${values.get(name)}`).join(",")}}`;
}

function isLong(text) {
  return Buffer.byteLength(text) > MAX_KEPT_VALUE_BYTES;
}

function size(values) {
  let bytes = 0;
  for (const [name, text] of values) bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}
