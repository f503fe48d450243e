/** What the live page reads. */
import type { Database } from "../../database.types";
import type { JobRow } from "../../parts/job-progress/job-progress";
import { type Arena, answered, inParts, translated } from "../../supabase";
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

const MOST_RUNNING = 200;
const ENDED = ["succeeded", "failed", "cancelled"] as const;

/** @param most of the waiting and of the ended jobs */
export async function readLive(arena: Arena, most: number, signal: AbortSignal): Promise<LiveData> {
  const jobs = () => arena.from("job_list").select("*").abortSignal(signal);
  const [running, waiting, waitingCount, ended, agents] = await Promise.all([
    answered(jobs().eq("status", "running").order("started_at").limit(MOST_RUNNING)),
    answered(
      jobs()
        .eq("status", "pending")
        .order("priority", { ascending: false })
        .order("run_at")
        .order("id")
        .limit(most),
    ),
    countWaiting(arena, signal),
    answered(
      jobs().in("status", ENDED).order("finished_at", { ascending: false, nullsFirst: false }).limit(most),
    ),
    answered(arena.from("live_agents").select("*").order("name").order("id").abortSignal(signal)),
  ]);
  const idsOf = (rows: JobRow[]) => rows.flatMap(({ id }) => (id ? [id] : []));
  const [messages, winners] = await Promise.all([
    readMessages(arena, idsOf([...waiting, ...running]), signal),
    readWinners(arena, idsOf(ended.filter(({ status }) => status === "succeeded")), signal),
  ]);
  return { running, waiting, waitingCount, ended, agents, messages, winners };
}

async function countWaiting(arena: Arena, signal: AbortSignal): Promise<number> {
  const pending = arena.from("job_list").select("id", { count: "exact", head: true }).eq("status", "pending");
  const { count, error, status } = await pending.abortSignal(signal);
  if (error) throw translated(error, status);
  return count ?? 0;
}

/** Why they wait: of the waiting, and of those whose agent has gone silent. */
async function readMessages(arena: Arena, ids: string[], signal: AbortSignal): Promise<Map<string, string>> {
  const rows = await inParts(ids, (part) =>
    answered(arena.from("waiting_jobs").select("job_id,message").in("job_id", part).abortSignal(signal)),
  );
  return new Map(
    rows.flatMap(({ job_id, message }) => (job_id && message ? [[job_id, message] as const] : [])),
  );
}
