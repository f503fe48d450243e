/** What the page of one battle reads. */
import type { Database } from "../../database.types";
import type { Unknown } from "../../result/reading";
import { type Arena, answered, answeredOrNull } from "../../supabase";

type Views = Database["public"]["Views"];

export interface BattleData {
  /** null where the job is another person's, or was deleted. */
  job: Views["job_list"]["Row"] | null;
  /** What it waits for, in a sentence. */
  waiting: string | null;
  /** The row of comparison_results. */
  result: Unknown | null;
}

export async function readBattle(arena: Arena, jobId: string, signal: AbortSignal): Promise<BattleData> {
  const [job, waiting, result] = await Promise.all([
    answeredOrNull(arena.from("job_list").select("*").eq("id", jobId).abortSignal(signal).maybeSingle()),
    answeredOrNull(
      arena.from("waiting_jobs").select("message").eq("job_id", jobId).abortSignal(signal).maybeSingle(),
    ),
    answeredOrNull(
      arena.from("comparison_results").select("*").eq("job_id", jobId).abortSignal(signal).maybeSingle(),
    ),
  ]);
  return { job, waiting: waiting?.message ?? null, result };
}

export interface BattleImages {
  /** Rows of image_results. */
  rows: readonly Unknown[];
  /** Those of the job, which hold the true boxes. */
  images: readonly unknown[];
}

/** Rows that one answer may hold: hosted Supabase cuts longer ones without a word. */
const PAGE = 1_000;

/** Empty where the job is another person's. */
export async function readImages(arena: Arena, jobId: string, signal: AbortSignal): Promise<BattleImages> {
  const [rows, job] = await Promise.all([
    readRows(arena, jobId, signal),
    answeredOrNull(arena.from("jobs").select("images").eq("id", jobId).abortSignal(signal).maybeSingle()),
  ]);
  return { rows, images: Array.isArray(job?.images) ? job.images : [] };
}

async function readRows(arena: Arena, jobId: string, signal: AbortSignal): Promise<Unknown[]> {
  const rows: Unknown[] = [];
  for (;;) {
    const ofJob = arena
      .from("image_results")
      .select("*")
      .eq("job_id", jobId)
      .order("image_index")
      .order("side");
    const page = await answered(ofJob.range(rows.length, rows.length + PAGE - 1).abortSignal(signal));
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}
