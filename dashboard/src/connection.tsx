/** The Supabase project that the page works with, and who is signed in there. */
import type { User } from "@supabase/supabase-js";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Config } from "./config";
import { Hub } from "./live/hub";
import { type Arena, connect } from "./supabase";

export interface Connection {
  supabase: Arena;
  config: Config;
  hub: Hub;
}

export interface Session {
  user: User | null;
  loading: boolean;
}

const ConnectionContext = createContext<Connection | null>(null);
const SessionContext = createContext<Session>({ user: null, loading: true });

export function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (!connection) throw new Error("useConnection is called outside of ConnectionProvider.");
  return connection;
}

export function useSession(): Session {
  return useContext(SessionContext);
}

export function ConnectionProvider({ config, children }: { config: Config; children: ReactNode }) {
  const [connection] = useState(() => {
    const supabase = connect(config);
    return { supabase, config, hub: new Hub(supabase) };
  });
  const queries = useMemo(newQueryClient, []);
  useEffect(() => {
    connection.hub.start();
    return () => void connection.hub.stop();
  }, [connection]);
  const session = useSessionOf(connection.supabase, queries);
  return (
    <ConnectionContext value={connection}>
      <SessionContext value={session}>
        <QueryClientProvider client={queries}>{children}</QueryClientProvider>
      </SessionContext>
    </ConnectionContext>
  );
}

function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // supabase-js asks again by itself what did not reach the database, and what was refused is refused again.
        retry: false,
        staleTime: 1_000,
      },
    },
  });
}

function useSessionOf(supabase: Arena, queries: QueryClient): Session {
  const [session, setSession] = useState<Session>({ user: null, loading: true });
  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((event, found) => {
      setSession({ user: found?.user ?? null, loading: false });
      // Other rows are seen now; those of the other person must not stay on the screen.
      if (event === "SIGNED_OUT") void queries.resetQueries();
      else if (event === "SIGNED_IN") void queries.invalidateQueries();
    });
    return () => data.subscription.unsubscribe();
  }, [supabase, queries]);
  return session;
}
