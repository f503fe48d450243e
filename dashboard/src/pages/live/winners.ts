/** How the ended battles came out, by their job. */
import { type Arena, answered } from "../../supabase";

export async function readWinners(
  arena: Arena,
  jobIds: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  if (jobIds.length === 0) return new Map();
  const rows = await answered(
    arena.from("result_list").select("job_id,winner").in("job_id", jobIds).abortSignal(signal),
  );
  return new Map(rows.flatMap(({ job_id, winner }) => (job_id && winner ? [[job_id, winner] as const] : [])));
}
