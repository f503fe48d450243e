/** What the arena's owner allows: the one row of arena_settings. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useConnection } from "./connection";
import type { Database } from "./database.types";
import { type Arena, answeredOrNull } from "./supabase";

const READ_EVERY_MS = 60_000;
/** While they could not be read. */
const TRY_EVERY_MS = 5_000;

export type SettingsRow = Database["public"]["Tables"]["arena_settings"]["Row"];

export function settingsQuery(arena: Arena) {
  return queryOptions({
    queryKey: ["settings"],
    queryFn: ({ signal }) =>
      answeredOrNull(arena.from("arena_settings").select("*").abortSignal(signal).maybeSingle()),
    staleTime: READ_EVERY_MS,
    refetchInterval: ({ state }) => (state.data === undefined ? TRY_EVERY_MS : READ_EVERY_MS),
  });
}

/** null until it is known, or where there is none. */
export function useSettings(): SettingsRow | null {
  const { supabase } = useConnection();
  const { data } = useQuery(settingsQuery(supabase));
  return data ?? null;
}
