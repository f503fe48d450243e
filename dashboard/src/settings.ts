/** What the arena's owner allows: the one row of arena_settings. */
import { useQuery } from "@tanstack/react-query";
import { useConnection } from "./connection";
import type { Database } from "./database.types";
import { answeredOrNull } from "./supabase";

export type SettingsRow = Database["public"]["Tables"]["arena_settings"]["Row"];

/** null until it is known, or where there is none. */
export function useSettings(): SettingsRow | null {
  const { supabase } = useConnection();
  const { data } = useQuery({
    queryKey: ["settings"],
    queryFn: ({ signal }) =>
      answeredOrNull(supabase.from("arena_settings").select("*").abortSignal(signal).maybeSingle()),
    staleTime: 60_000,
  });
  return data ?? null;
}
