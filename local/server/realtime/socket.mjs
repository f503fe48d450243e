/** One WebSocket: Phoenix messages in, channels by topic, messages out. */
import { TokenError } from "../identity.mjs";
import { BindingError, inertBinding, parseBinding } from "./binding.mjs";
import { Channel } from "./channel.mjs";
import { FilterError } from "./filters.mjs";
import { decode, encode, reply, system } from "./protocol.mjs";

const IDLE_MS = 60_000;
const MAX_CHANNELS = 100;
const INVALID_FRAME = 1007;

class JoinError extends Error {
  get reason() {
    return this.message;
  }
}

export class Socket {
  #ws;
  #version;
  #keyIdentity;
  #services;
  #channels = new Map();
  #idle = null;
  #turn = Promise.resolve();

  /**
   * @param {import("ws").WebSocket} ws
   * @param {{version: string, identity: object}} handshake the identity is that of the `apikey`
   * @param {{hub: object, access: object, identities: object, replication: object}} services
   */
  constructor(ws, { version, identity }, services) {
    this.#ws = ws;
    this.#version = version;
    this.#keyIdentity = identity;
    this.#services = services;
    for (const sign of ["message", "ping", "pong"]) ws.on(sign, () => this.#stayAwake());
    ws.on("message", (data, isBinary) => this.#enqueue(data, isBinary));
    ws.on("close", () => this.#close());
    ws.on("error", (error) => console.error("websocket:", error.message));
    this.#stayAwake();
  }

  /** Messages are handled in turn: a leave never overtakes its join. */
  #enqueue(data, isBinary) {
    this.#turn = this.#turn.then(() => this.#receive(data, isBinary)).catch((error) => {
      console.error("realtime message:", error);
      this.#ws.close(1011);
    });
  }

  #receive(data, isBinary) {
    if (isBinary) return; // only broadcasts are binary, and there are none here
    try {
      return this.#handle(decode(this.#version, data.toString()));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#ws.close(INVALID_FRAME, "not a frame of this protocol version");
    }
  }

  #handle(message) {
    if (message.topic === "phoenix") return this.#reply(message, "ok", {});
    if (message.event === "phx_join") return this.#join(message);
    const channel = this.#channels.get(message.topic);
    if (!channel) return this.#reply(message, "error", { reason: "unmatched topic" });
    if (message.event === "phx_leave") return this.#leave(message, channel);
    if (message.event === "access_token") return this.#refresh(channel, message.payload);
    return this.#reply(message, "error", { reason: `${message.event} is not part of the local stack` });
  }

  async #join(message) {
    const joined = await this.#admit(message).catch((error) => {
      if (!(error instanceof TokenError || error instanceof JoinError)) throw error;
      this.#reply(message, "error", { reason: error.reason });
    });
    if (!joined || this.#ws.readyState !== this.#ws.OPEN) return;
    const { channel, problem } = joined;
    // A second join takes the first one's place. No phx_close: realtime-py would take it for its new join's.
    this.#forget(this.#channels.get(message.topic));
    this.#channels.set(message.topic, channel);
    this.#reply(message, "ok", { postgres_changes: channel.bindings.map(({ echo }) => echo) });
    if (problem) return this.#send(channel, "system", system("postgres_changes", "error", problem, channel.topic));
    this.#services.hub.channels.add(channel);
    if (this.#services.replication.live) void channel.subscribe();
  }

  async #admit({ topic, joinRef, ref, payload }) {
    if (!/^realtime:./s.test(topic)) throw new JoinError("TopicNameRequired: You must provide a topic name");
    if (payload.config?.private)
      throw new JoinError("Unauthorized: private channels are not part of the local stack");
    if (this.#channels.size >= MAX_CHANNELS && !this.#channels.has(topic))
      throw new JoinError("ChannelRateLimitReached: Too many channels");
    const identity = await this.#identify(payload.access_token);
    const { bindings, problem } = parseBindings(payload.config?.postgres_changes ?? []);
    return { channel: this.#open({ topic, joinRef: joinRef ?? ref, identity, bindings }), problem };
  }

  #open(joined) {
    return new Channel(joined, {
      access: this.#services.access,
      push: (event, payload) => this.#send(joined, event, payload),
      onExpired: (channel) => this.#drop(channel),
    });
  }

  /** An `sb_` key in place of a token says nothing: the `apikey` has decided. */
  #identify(token) {
    if (!token || token.startsWith("sb_")) return this.#keyIdentity;
    return this.#services.identities.ofToken(token);
  }

  async #refresh(channel, { access_token: token }) {
    try {
      channel.become(await this.#identify(token));
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      this.#send(channel, "system", system("system", "error", error.message, channel.topic));
      this.#drop(channel);
    }
  }

  #leave(message, channel) {
    this.#reply(message, "ok", {});
    this.#drop(channel);
  }

  /** Ends a channel, telling the client by `phx_close` as Phoenix does. */
  #drop(channel) {
    this.#forget(channel);
    const { joinRef, topic } = channel;
    this.#write({ joinRef, ref: joinRef, topic, event: "phx_close" }, "{}");
  }

  #forget(channel) {
    if (!channel) return;
    channel.close();
    this.#services.hub.channels.delete(channel);
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
  }

  #reply({ joinRef, ref, topic }, status, response) {
    this.#write({ joinRef, ref, topic, event: "phx_reply" }, reply(status, response));
  }

  #send({ topic }, event, payload) {
    this.#write({ topic, event }, payload);
  }

  #write(head, payload) {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(encode(this.#version, head, payload));
  }

  #stayAwake() {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#ws.close(1000, "silent for too long"), IDLE_MS);
  }

  #close() {
    clearTimeout(this.#idle);
    for (const channel of this.#channels.values()) this.#forget(channel);
  }
}

/** A binding that makes no sense does not refuse the join; the client hears of it by `system`. */
function parseBindings(configs) {
  try {
    return { bindings: configs.map(parseBinding), problem: null };
  } catch (error) {
    if (!(error instanceof BindingError || error instanceof FilterError)) throw error;
    return { bindings: configs.map(inertBinding), problem: error.message };
  }
}
