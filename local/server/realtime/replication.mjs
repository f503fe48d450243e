/**
 * The stream of committed changes: logical replication with `pgoutput`, over a temporary slot that
 * Postgres drops with the connection. A broken stream is opened again; what was committed in
 * between is lost, as Realtime promises no delivery, and subscribers are told (event "down").
 */
import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { LogicalReplicationService, PgoutputPlugin } from "pg-logical-replication";

export const PUBLICATION = "supabase_realtime";
const RETRY_MS = 250;

/** Values stay the text that Postgres wrote, and the slot is made on the streaming connection. */
class TextPgoutput extends PgoutputPlugin {
  parse(buffer) {
    const message = super.parse(buffer);
    if (message.tag === "relation")
      for (const column of message.columns) column.parser = (text) => text;
    return message;
  }

  async start(client, slotName) {
    await client.query(
      `CREATE_REPLICATION_SLOT "${slotName}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    );
    return super.start(client, slotName, "0/00000000");
  }
}

/**
 * @typedef {{type: "INSERT" | "UPDATE" | "DELETE", oid: number, schema: string, table: string,
 *   committedAt: string, record: Tuple | null, old: Tuple | null}} Change
 * @typedef {Record<string, string | null | undefined>} Tuple a column's text; undefined where
 *   Postgres left it out (an unchanged TOAST value, a column outside the replica identity)
 */

export class Replication extends EventEmitter {
  live = false;
  #database;
  #handle;
  #service = null;
  #closed = false;
  #attempt = 0;
  #begun = {};

  /** @param {(change: Change) => Promise<void>} handle called in order, one change at a time */
  constructor(database, handle) {
    super();
    this.#database = database;
    this.#handle = handle;
  }

  async run() {
    while (!this.#closed) {
      await this.#stream().catch((error) => this.#report(error));
      this.#setLive(false);
      if (!this.#closed) await delay(RETRY_MS);
    }
  }

  async close() {
    this.#closed = true;
    await this.#service?.stop();
  }

  async #stream() {
    const service = this.#open();
    const plugin = new TextPgoutput({ protoVersion: 1, publicationNames: [PUBLICATION] });
    const slot = `realtime_${process.pid}_${++this.#attempt}`;
    try {
      await service.subscribe(plugin, slot);
    } finally {
      await service.destroy();
    }
  }

  #open() {
    const service = new LogicalReplicationService(this.#database, {
      flowControl: { enabled: true },
    });
    service.on("start", () => this.#setLive(true));
    service.on("data", (_lsn, message) => this.#receive(message));
    service.on("error", (error) => this.#report(error));
    service.on("heartbeat", (lsn, _time, shouldRespond) => {
      if (shouldRespond) void service.acknowledge(lsn);
    });
    this.#service = service;
    return service;
  }

  async #receive(message) {
    if (message.tag === "begin") this.#begun = { xid: message.xid, committedAt: isoMilliseconds(message.commitTime) };
    const change = toChange(message, this.#begun);
    if (change) await this.#handle(change);
  }

  #setLive(live) {
    if (live === this.live) return;
    this.live = live;
    this.emit(live ? "up" : "down");
  }

  #report(error) {
    if (!this.#closed) console.error("replication:", error.message);
  }
}

/** @param {bigint} microseconds since 1970 */
function isoMilliseconds(microseconds) {
  return new Date(Number(microseconds / 1000n)).toISOString();
}

const TYPES = { insert: "INSERT", update: "UPDATE", delete: "DELETE" };

function toChange(message, { xid, committedAt }) {
  const type = TYPES[message.tag];
  if (!type) return null;
  const { relationOid: oid, schema, name: table } = message.relation;
  const record = message.new ?? null;
  return { type, xid, oid, schema, table, committedAt, record, old: oldTuple(type, message) };
}

/** Postgres sends an old key only where it changed; otherwise it is the new one. */
function oldTuple(type, message) {
  if (type === "INSERT") return null;
  if (message.old || type === "DELETE") return message.old ?? message.key;
  const key = message.relation.keyColumns.map((name) => [name, message.new[name]]);
  return message.key ?? Object.fromEntries(key);
}
