/** What the page of one battle reads. */
import type { Database } from "../../database.types";
import { everyRow } from "../../every-row";
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

/** Empty where the job is another person's. */
export async function readImages(arena: Arena, jobId: string, signal: AbortSignal): Promise<BattleImages> {
  const [rows, job] = await Promise.all([
    readRows(arena, jobId, signal),
    answeredOrNull(arena.from("jobs").select("images").eq("id", jobId).abortSignal(signal).maybeSingle()),
  ]);
  return { rows, images: Array.isArray(job?.images) ? job.images : [] };
}

function readRows(arena: Arena, jobId: string, signal: AbortSignal): Promise<Unknown[]> {
  return everyRow((from, to) => {
    const ofJob = arena.from("image_results").select("*").eq("job_id", jobId);
    return answered(ofJob.order("image_index").order("side").range(from, to).abortSignal(signal));
  });
}
