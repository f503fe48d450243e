/** What the leaderboard reads. */
import type { Database } from "../../database.types";
import { everyRow } from "../../every-row";
import { type Arena, answered } from "../../supabase";

type Tables = Database["public"]["Tables"];
export type MachineRow = Tables["machines"]["Row"];
export type RatingRow = Tables["ratings"]["Row"];
export type TallyRow = Tables["battle_tallies"]["Row"];

export interface Board {
  ratings: RatingRow[];
  tallies: TallyRow[];
}

/** Those with results, most first. */
export function readMachines(arena: Arena, signal: AbortSignal): Promise<MachineRow[]> {
  return answered(
    arena
      .from("machines")
      .select("*")
      .gt("results", 0)
      .order("results", { ascending: false })
      .order("machine")
      .abortSignal(signal),
  );
}

export async function readBoard(arena: Arena, machine: string, signal: AbortSignal): Promise<Board> {
  const [ratings, tallies] = await Promise.all([
    answered(
      arena
        .from("ratings")
        .select("*")
        .eq("machine", machine)
        .order("connected_group")
        .order("rating", { ascending: false })
        .abortSignal(signal),
    ),
    everyRow((from, to) => {
      const ofMachine = arena.from("battle_tallies").select("*").eq("machine", machine);
      return answered(ofMachine.order("model_a").order("model_b").range(from, to).abortSignal(signal));
    }),
  ]);
  return { ratings, tallies };
}
