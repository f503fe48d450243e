/** Data that follows the database. */
import {
  hashKey,
  keepPreviousData,
  type QueryKey,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useConnection } from "../connection";
import type { Change, HubState, LiveTable } from "./hub";
import { Refresher } from "./refresher";

const POLL_WHILE_LOST_MS = 5_000;
/** Realtime is a hint: a change that it never told is found in this time. */
const POLL_WHILE_LIVE_MS = 60_000;
/** Between two reads for changes. */
const READ_EVERY_MS = 250;
/** A read that hangs would hold up all that come after it. */
const LONGEST_READ_MS = 20_000;

interface LiveQuery<T> {
  key: QueryKey;
  tables: readonly LiveTable[];
  read: (signal: AbortSignal) => Promise<T>;
  /** Whether a change of these tables matters here; all do by default. */
  concerns?: (change: Change) => boolean;
  enabled?: boolean;
}

export function useHubState(): HubState {
  const { hub } = useConnection();
  return useSyncExternalStore(hub.onState, () => hub.state);
}

/** Reads at once, and again at each change of the tables and each time that Realtime is there (again). */
export function useLiveQuery<T>(live: LiveQuery<T>): UseQueryResult<T, Error> {
  const { hub } = useConnection();
  const client = useQueryClient();
  const state = useHubState();
  const latest = useRef(live);
  latest.current = live;
  const { key, enabled = true } = live;
  const hash = hashKey(key);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the hash stands for the key, which is a new array each time
  useEffect(() => {
    if (!enabled) return;
    const refresher = new Refresher(async () => {
      // A read that began before the change may not hold it, and a refetch would join it.
      await client.cancelQueries({ queryKey: key, exact: true });
      await client.refetchQueries({ queryKey: key, exact: true });
    }, READ_EVERY_MS);
    const stopListening = hub.onChange((change) => {
      const { tables, concerns } = latest.current;
      if (change && !(tables.includes(change.table) && (concerns?.(change) ?? true))) return;
      refresher.ask();
    });
    return () => {
      stopListening();
      refresher.stop();
    };
  }, [hub, client, hash, enabled]);

  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => live.read(AbortSignal.any([signal, AbortSignal.timeout(LONGEST_READ_MS)])),
    // A list that grows or is filtered stays in sight until the next one is there.
    placeholderData: keepPreviousData,
    refetchInterval: state === "live" ? POLL_WHILE_LIVE_MS : POLL_WHILE_LOST_MS,
    enabled,
  });
}
