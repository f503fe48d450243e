/** How the ended battles came out, by their job. */
import { type Arena, answered, inParts } from "../../supabase";

export async function readWinners(
  arena: Arena,
  jobIds: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const rows = await inParts(jobIds, (part) =>
    answered(arena.from("result_list").select("job_id,winner").in("job_id", part).abortSignal(signal)),
  );
  return new Map(rows.flatMap(({ job_id, winner }) => (job_id && winner ? [[job_id, winner] as const] : [])));
}
