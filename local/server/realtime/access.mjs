/** What Postgres says of tables, grants, policies and values, asked in the subscriber's place. */
import { setTimeout as sleep } from "node:timers/promises";
import { checkFilter, comparison, FilterError } from "./filters.mjs";
import { PUBLICATION } from "./replication.mjs";

const DESCRIBE = `
  select c.relrowsecurity as rls, coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', t.typname,
      'sqlType', format_type(a.atttypid, -1),
      'key', coalesce(a.attnum = any (k.conkey), false)
    ) order by a.attnum), '[]') as columns
  from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
  where c.oid = $1::oid
  group by c.oid`;

const SELECTABLE = `
  select attname as name from pg_attribute
  where attrelid = $1::oid and attnum > 0 and not attisdropped
    and has_column_privilege($2::text::name, attrelid, attnum, 'select')`;

const PUBLISHED = `
  select format('%I.%I', schemaname, tablename)::regclass::oid as oid
  from pg_publication_tables
  where pubname = $1 and ($2::text is null or schemaname = $2) and ($3::text is null or tablename = $3)`;

/** A binding that cannot deliver now; `final` is false where it may later. */
export class SubscriptionError extends Error {
  constructor(message, { final }) {
    super(message);
    this.final = final;
  }
}

/**
 * @typedef {{name: string, type: string, sqlType: string, key: boolean}} Column
 * @typedef {{rls: boolean, columns: Column[]}} Table
 */

/** How often and how long apart a commit is looked for: a second in all, where it takes a millisecond. */
const MOST_TRIES = 500;
const TRY_AGAIN_MS = 2;

export class Access {
  #published = null;
  #sql;

  /** @param {import("postgres").Sql} sql as a superuser */
  constructor(sql) {
    this.#sql = sql;
  }

  /** @returns {Promise<Table | null>} null when the table is gone */
  async describe(oid) {
    const [table] = await this.#sql.unsafe(DESCRIBE, [oid]);
    return table ?? null;
  }

  /** @returns {Promise<Set<string>>} names of the columns that the role may select */
  async selectable(oid, role) {
    const rows = await this.#sql.unsafe(SELECTABLE, [oid, role]);
    return new Set(rows.map(({ name }) => name));
  }

  /** @throws {SubscriptionError} when the binding cannot deliver to that role */
  async check(binding, role) {
    await this.#checkRole(role);
    const { event, schema, table, filter } = binding;
    const tables = await this.#sql.unsafe(PUBLISHED, [PUBLICATION, schema, table]);
    if (tables.length === 0)
      throw new SubscriptionError(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled " +
          `for the given connect parameters: [event: ${event}, schema: ${schema ?? "*"}, table: ${table ?? "*"}]`,
        { final: false },
      );
    if (filter) for (const { oid } of tables) await this.#checkFilter(oid, role, filter);
  }

  async #checkRole(role) {
    const [{ known }] = await this.#sql`select to_regrole(quote_ident(${role})) is not null as known`;
    if (!known) throw new SubscriptionError(`role "${role}" does not exist`, { final: true });
  }

  async #checkFilter(oid, role, filter) {
    const [table, selectable] = await Promise.all([this.describe(oid), this.selectable(oid, role)]);
    const column = table?.columns.find(({ name }) => name === filter.column);
    if (!column || !selectable.has(column.name))
      throw new SubscriptionError(`invalid column for filter ${filter.column}`, { final: true });
    await checkFilter(this.#sql, filter, column.sqlType).catch((error) => {
      throw error instanceof FilterError
        ? new SubscriptionError(error.message, { final: true })
        : error;
    });
  }

  /**
   * Values as JSON text, by `to_jsonb` of the column's own type, and which filters pass.
   *
   * @param {Table} table
   * @param {{record: object | null, old: object | null}} change
   * @param {{column: string, operator: string, value: string}[]} filters
   * @returns {Promise<{record: Map<string, string>, old: Map<string, string>, passed: boolean[]}>}
   */
  async evaluate(table, change, filters) {
    const query = new Query();
    const record = present(table, change.record);
    const old = present(table, change.old);
    const subject = change.record ? record : old;
    const text = [
      query.json(record),
      query.json(old),
      query.array(filters.map((filter) => query.filter(subject, filter)), "boolean"),
    ].join(", ");
    const [row] = await this.#sql.unsafe(`select ${text}`, query.parameters).values();
    return { record: byName(record, row[0]), old: byName(old, row[1]), passed: row[2] };
  }

  /** Returns once others can see what a transaction wrote: it is in the WAL a moment before. */
  async published(xid) {
    if (xid === this.#published) return;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const [{ seen }] = await this.#sql`
        select pg_visible_in_snapshot(${String(xid >>> 0)}::text::xid8, pg_current_snapshot()) as seen`;
      if (seen) break;
      await sleep(TRY_AGAIN_MS);
    }
    this.#published = xid;
  }

  /**
   * Whether the row, found by its primary key, is there for this subscriber.
   *
   * @param {{role: string, claims: object}} identity
   * @param {Column[]} key
   * @param {object} record values as Postgres's text
   */
  async sees({ role, claims }, { schema, table }, key, record) {
    const condition = key.map(({ name, sqlType }, at) => `${quote(name)} = $${at + 1}::text::${sqlType}`);
    const text = `select from ${quote(schema)}.${quote(table)} where ${condition.join(" and ")}`;
    return this.#sql.begin(async (transaction) => {
      await transaction`select set_config('role', ${role}, true),
        set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      const rows = await transaction.unsafe(text, key.map(({ name }) => record[name]));
      return rows.length > 0;
    });
  }
}

/** Collects the parameters of one statement; every value is bound as text and cast in SQL. */
class Query {
  parameters = [];

  bind(value) {
    return `$${this.parameters.push(value)}`;
  }

  array(expressions, type) {
    return `array[${expressions.join(", ")}]::${type}[]`;
  }

  json(values) {
    const text = values.map(
      ({ value, sqlType }) => `coalesce(to_jsonb(${this.bind(value)}::text::${sqlType})::text, 'null')`,
    );
    return this.array(text, "text");
  }

  /** A column that the change does not carry passes no filter. */
  filter(values, filter) {
    const column = values.find(({ name }) => name === filter.column);
    if (!column) return "false";
    const left = `${this.bind(column.value)}::text::${column.sqlType}`;
    return `coalesce(${comparison(filter, left, column.sqlType, this.bind(filter.value))}, false)`;
  }
}

function present({ columns }, tuple) {
  if (!tuple) return [];
  return columns
    .filter(({ name }) => tuple[name] !== undefined)
    .map((column) => ({ ...column, value: tuple[column.name] }));
}

function byName(values, texts) {
  return new Map(values.map(({ name }, at) => [name, texts[at]]));
}

function quote(name) {
  return `"${name.replaceAll('"', '""')}"`;
}
