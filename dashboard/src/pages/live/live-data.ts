/** What the live page reads. */
import type { Database } from "../../database.types";
import type { JobRow } from "../../parts/job-progress/job-progress";
import { type Arena, answered } from "../../supabase";
import { readWinners } from "./winners";

type Views = Database["public"]["Views"];
export type LiveAgent = Views["live_agents"]["Row"];

export interface LiveData {
  running: JobRow[];
  waiting: JobRow[];
  /** How many wait, all of them counted. */
  waitingCount: number;
  ended: JobRow[];
  agents: LiveAgent[];
  /** What jobs wait for, by their id. */
  messages: ReadonlyMap<string, string>;
  /** Who won, or "tie", by the job's id. */
  winners: ReadonlyMap<string, string>;
}

/** @param most of the waiting and of the ended jobs */
export async function readLive(arena: Arena, most: number, signal: AbortSignal): Promise<LiveData> {
  const jobs = () => arena.from("job_list").select("*", { count: "exact" }).abortSignal(signal);
  const turn = jobs()
    .eq("status", "pending")
    .order("priority", { ascending: false })
    .order("run_at")
    .order("id")
    .limit(most);
  const ended = arena
    .from("job_list")
    .select("*")
    .in("status", ["succeeded", "failed", "cancelled"])
    .abortSignal(signal);
  const [running, waiting, over, agents] = await Promise.all([
    answered(jobs().eq("status", "running").order("started_at").limit(200)),
    turn,
    answered(ended.order("finished_at", { ascending: false }).limit(most)),
    answered(arena.from("live_agents").select("*").order("name").order("id").abortSignal(signal)),
  ]);
  const pending = await answered(Promise.resolve(waiting));
  const open = [...running, ...pending].flatMap(({ id }) => (id ? [id] : []));
  const done = over.flatMap(({ id, status }) => (id && status === "succeeded" ? [id] : []));
  const [messages, winners] = await Promise.all([
    readMessages(arena, open.slice(0, most), signal),
    readWinners(arena, done, signal),
  ]);
  return {
    running,
    waiting: pending,
    waitingCount: waiting.count ?? pending.length,
    ended: over,
    agents,
    messages,
    winners,
  };
}

async function readMessages(arena: Arena, ids: string[], signal: AbortSignal): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await answered(
    arena.from("waiting_jobs").select("job_id,message").in("job_id", ids).abortSignal(signal),
  );
  return new Map(
    rows.flatMap(({ job_id, message }) => (job_id && message ? [[job_id, message] as const] : [])),
  );
}
