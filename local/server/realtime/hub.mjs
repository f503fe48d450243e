/** Carries each change to the channels that asked for it and may see it. */
import { changeData, NO_PRIMARY_KEY, refusedData, UNAUTHORIZED } from "./payload.mjs";

/** @typedef {{channel: import("./channel.mjs").Channel, bindings: object[]}} Subscriber */

export class Hub {
  channels = new Set();
  #access;

  /** @param {import("./access.mjs").Access} access */
  constructor(access) {
    this.#access = access;
  }

  /** @param {import("./replication.mjs").Change} change */
  async dispatch(change) {
    const subscribers = this.#interestedIn(change);
    if (subscribers.length === 0) return;
    const table = await this.#access.describe(change.oid);
    if (table === null) return;
    await this.#access.published(change.xid);
    const values = await this.#evaluate(table, change, subscribers);
    for (const [role, members] of Map.groupBy(subscribers, ({ channel }) => channel.identity.role))
      await this.#toRole(role, members, { change, table, values });
  }

  /** @returns {Subscriber[]} */
  #interestedIn(change) {
    return [...this.channels]
      .filter((channel) => channel.subscribed)
      .map((channel) => ({ channel, bindings: channel.bindings.filter((each) => covers(each, change)) }))
      .filter(({ bindings }) => bindings.length > 0);
  }

  async #evaluate(table, change, subscribers) {
    const filters = subscribers.flatMap(({ bindings }) => bindings.map(({ filter }) => filter)).filter(Boolean);
    const { record, old, passed } = await this.#access.evaluate(table, change, filters);
    return { record, old, passing: new Set(filters.filter((_, at) => passed[at])) };
  }

  async #toRole(role, members, { change, table, values }) {
    const selectable = await this.#access.selectable(change.oid, role);
    const error = refusal(change, table, selectable);
    if (error) return members.forEach((each) => send(each, refusedData(change, error)));
    const data = changeData(change, table, selectable, values);
    const passing = members.map((each) => through(each, values.passing)).filter(({ bindings }) => bindings.length > 0);
    for (const group of Map.groupBy(passing, claimsOf).values())
      if (await this.#visible(group[0].channel.identity, change, table))
        group.forEach((each) => send(each, data));
  }

  /** One read per distinct subscriber, in the order of the changes. */
  async #visible(identity, change, table) {
    if (!table.rls || change.type === "DELETE") return true;
    const key = table.columns.filter((column) => column.key);
    return this.#access.sees(identity, change, key, change.record).catch((error) => {
      console.error(`a policy on ${change.schema}.${change.table} failed for ${identity.role}:`, error.message);
      return false;
    });
  }
}

function covers({ event, schema, table }, change) {
  return (
    (event === "*" || event === change.type) &&
    (schema === null || schema === change.schema) &&
    (table === null || table === change.table)
  );
}

function refusal({ type }, { columns }, selectable) {
  if (type === "DELETE") return null;
  const key = columns.filter((column) => column.key);
  if (key.length === 0) return NO_PRIMARY_KEY;
  return key.every(({ name }) => selectable.has(name)) ? null : UNAUTHORIZED;
}

function through({ channel, bindings }, passing) {
  return { channel, bindings: bindings.filter(({ filter }) => !filter || passing.has(filter)) };
}

function claimsOf({ channel }) {
  return JSON.stringify(channel.identity.claims);
}

function send({ channel, bindings }, data) {
  channel.deliver(bindings.map(({ id }) => id), data);
}
