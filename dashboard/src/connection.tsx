/** The Supabase project that the page works with, and who is signed in there. */
import type { User } from "@supabase/supabase-js";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import type { Config } from "./config";
import { Hub } from "./live/hub";
import { type Arena, connect } from "./supabase";

export interface Connection {
  supabase: Arena;
  config: Config;
  hub: Hub;
  queries: QueryClient;
  /** Why a link from an email did not sign in; null once it was shown. */
  failedLink: { current: string | null };
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

/** Throws ConfigMissing. */
export async function openConnection(config: Config): Promise<Connection> {
  const supabase = connect(config);
  const failedLink = { current: await takeLink(supabase) };
  return { supabase, config, hub: new Hub(supabase), queries: newQueryClient(), failedLink };
}

/** Takes what a link from an email brought out of the address, where the routes are; gives why it did not sign in. */
async function takeLink(arena: Arena): Promise<string | null> {
  const { search, hash, pathname } = window.location;
  const brought = new URLSearchParams(`${search.slice(1)}&${hash.slice(1)}`);
  if (!["code", "error", "access_token"].some((name) => brought.has(name))) return null;
  const { error } = await arena.auth.initialize();
  const { data } = await arena.auth.getSession();
  window.history.replaceState(null, "", `${pathname}#${data.session ? "/" : "/sign-in"}`);
  if (data.session) return null;
  return (
    error?.message ?? "The link signs in only in the browser in which it was asked for. Ask for one here."
  );
}

export function ConnectionProvider({
  connection,
  children,
}: {
  connection: Connection;
  children: ReactNode;
}) {
  useEffect(() => {
    connection.hub.start();
    return () => void connection.hub.stop();
  }, [connection]);
  return (
    <ConnectionContext value={connection}>
      <SessionContext value={useSessionOf(connection)}>
        <QueryClientProvider client={connection.queries}>{children}</QueryClientProvider>
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
        // A browser that believes to be offline may still reach this machine.
        networkMode: "always",
      },
    },
  });
}

function useSessionOf({ supabase, queries }: Connection): Session {
  const [session, setSession] = useState<Session>({ user: null, loading: true });
  useEffect(() => {
    let last: string | null | undefined;
    const { data } = supabase.auth.onAuthStateChange((_, found) => {
      const user = found?.user ?? null;
      setSession({ user, loading: false });
      // Other rows are seen now; those of the other person must not stay on the screen.
      if (last !== undefined && last !== (user?.id ?? null)) void queries.resetQueries();
      last = user?.id ?? null;
    });
    return () => data.subscription.unsubscribe();
  }, [supabase, queries]);
  return session;
}
