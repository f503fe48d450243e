/**
 * One Realtime channel for the whole page. A change is a hint to read again, never the data itself: so nothing can be
 * missing or doubled, whatever is lost on the way.
 */
import type { RealtimeChannel } from "@supabase/supabase-js";
import type { Arena } from "../supabase";

export const LIVE_TABLES = ["jobs", "comparison_results", "agents", "machines"] as const;
export type LiveTable = (typeof LIVE_TABLES)[number];

/** connecting: for the first time. lost: it was there, or did not come in time. */
export type HubState = "connecting" | "live" | "lost";

export interface Change {
  table: LiveTable;
  event: "INSERT" | "UPDATE" | "DELETE";
  row: Record<string, unknown>;
}

interface SystemMessage {
  extension?: string;
  status?: string;
}

const REOPEN_MS = 5_000;

/** null: changes may have been missed, so everything is to be read again. */
export type ChangeListener = (change: Change | null) => void;

export class Hub {
  #state: HubState = "connecting";
  #channel: RealtimeChannel | null = null;
  readonly #arena: Arena;
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #stateListeners = new Set<() => void>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get state(): HubState {
    return this.#state;
  }

  start(): void {
    const channel = this.#arena.channel("arena");
    this.#channel = channel;
    for (const table of LIVE_TABLES)
      channel.on("postgres_changes", { event: "*", schema: "public", table }, (payload) => {
        const row = payload.eventType === "DELETE" ? payload.old : payload.new;
        this.#tell({ table, event: payload.eventType, row });
      });
    // The join is answered before the database's changes flow; this message says that they do, or that they will not.
    channel.on("system", {}, ({ extension, status }: SystemMessage) => {
      if (extension !== "postgres_changes") return;
      if (status === "ok") this.#joined();
      else this.#enter("lost");
    });
    channel.subscribe((status) => {
      if (status === "SUBSCRIBED") return;
      this.#enter("lost");
      // One that the server closed is not joined again by the library.
      if (status === "CLOSED") setTimeout(() => this.#channel === channel && this.start(), REOPEN_MS);
    });
  }

  async stop(): Promise<void> {
    const channel = this.#channel;
    this.#channel = null;
    if (channel) await this.#arena.removeChannel(channel);
  }

  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  };

  #joined(): void {
    this.#enter("live");
    this.#tell(null);
  }

  #enter(state: HubState): void {
    if (this.#channel === null && state === "lost") return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }

  #tell(change: Change | null): void {
    for (const listener of this.#changeListeners) listener(change);
  }
}
