/** One joined topic of one socket: who listens, to what, and whether it really delivers yet. */
import { expired } from "../identity.mjs";
import { SubscriptionError } from "./access.mjs";
import { system } from "./protocol.mjs";

const RETRY_MS = 1000;
const MAX_TIMER_MS = 5 * 60 * 1000;

export class Channel {
  identity;
  subscribed = false;
  #push;
  #access;
  #expiry = null;
  #retry = null;
  #closed = false;
  #announced = null;
  #streams = 0;

  /**
   * @param {{topic: string, joinRef: string, identity: object, bindings: object[]}} joined
   * @param {(event: string, payload: string) => void} push sends on this topic
   * @param {(channel: Channel) => void} onExpired
   */
  constructor({ topic, joinRef, identity, bindings }, { push, access, onExpired }) {
    Object.assign(this, { topic, joinRef, bindings });
    this.#push = push;
    this.#access = access;
    this.onExpired = onExpired;
    this.become(identity);
  }

  /** From now on grants and policies are asked as this identity. */
  become(identity) {
    this.identity = identity;
    this.#watchExpiry();
  }

  /** Tells the client "Subscribed to PostgreSQL" once changes will be delivered, trying until then. */
  async subscribe() {
    clearTimeout(this.#retry);
    if (this.#closed || this.bindings.length === 0) return;
    const stream = this.#streams;
    try {
      for (const binding of this.bindings) await this.#access.check(binding, this.identity.role);
    } catch (error) {
      return this.#postpone(error);
    }
    // The stream may have broken meanwhile: the next one subscribes anew.
    if (this.#closed || stream !== this.#streams) return;
    this.subscribed = true;
    this.#announce("ok", "Subscribed to PostgreSQL");
  }

  /** The stream of changes broke: the client should know that it may have missed some. */
  suspend() {
    clearTimeout(this.#retry);
    this.#streams++;
    if (this.subscribed) this.#announce("error", "The replication stream was lost, subscribing again");
    this.subscribed = false;
  }

  deliver(ids, data) {
    if (!this.#closed) this.#push("postgres_changes", `{"ids":${JSON.stringify(ids)},"data":${data}}`);
  }

  close() {
    this.#closed = true;
    this.subscribed = false;
    clearTimeout(this.#expiry);
    clearTimeout(this.#retry);
  }

  #postpone(error) {
    if (this.#closed) return;
    const known = error instanceof SubscriptionError;
    if (!known) console.error("subscription:", error.message);
    this.#announce("error", known ? error.message : "Subscribing to changes failed");
    if (!known || !error.final) this.#retry = setTimeout(() => this.subscribe(), RETRY_MS);
  }

  #announce(status, message) {
    if (this.#announced === message) return;
    this.#announced = message;
    this.#push("system", system("postgres_changes", status, message, this.topic));
  }

  #watchExpiry() {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.identity;
    if (expiresAt === null || this.#closed) return;
    const left = expiresAt * 1000 - Date.now();
    if (left <= 0) return this.#expire(expiresAt);
    this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(left, MAX_TIMER_MS));
  }

  #expire(expiresAt) {
    this.#push("system", system("system", "error", expired(expiresAt).message, this.topic));
    this.onExpired(this);
  }
}
