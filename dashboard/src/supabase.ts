/** Supabase's answers, with its errors in the database's own words. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Config } from "./config";
import type { Database } from "./database.types";

export type Arena = SupabaseClient<Database>;

/** What the database refused, and why. */
export class DatabaseError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly hint: string | null = null,
    /** The field it concerns, such as "images[3].car_count". */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** No answer came. */
export class Unreachable extends Error {
  constructor() {
    super("The database cannot be reached. Look at your connection; the page goes on trying.");
  }
}

interface Refusal {
  message: string;
  code?: string;
  details?: string | null;
  hint?: string | null;
}

interface Answer {
  data: unknown;
  error: Refusal | null;
}

export function connect(config: Config): Arena {
  return createClient<Database>(config.url, config.key, {
    // With its token in the address's hash, a link from an email would collide with the page's routes.
    auth: { flowType: "pkce" },
    realtime: { heartbeatIntervalMs: 10_000, timeout: 5_000 },
  });
}

/** Gives the data. Throws DatabaseError or Unreachable. */
export async function answered<A extends Answer>(query: PromiseLike<A>): Promise<NonNullable<A["data"]>> {
  return (await answeredOrNull(query)) as NonNullable<A["data"]>;
}

/** As `answered`, where there may be no row. */
export async function answeredOrNull<A extends Answer>(query: PromiseLike<A>): Promise<A["data"]> {
  const { data, error } = await query;
  if (error) throw translated(error);
  return data;
}

export function translated(error: Refusal): Error {
  // PostgREST and Postgres give every error a code; fetch gives none.
  if (!error.code) return isAbort(error) ? new DOMException(error.message, "AbortError") : new Unreachable();
  const field = /^field=(.+)$/.exec(error.details ?? "")?.[1] ?? null;
  return new DatabaseError(error.message, error.code, error.hint ?? null, field);
}

function isAbort(error: Refusal): boolean {
  return error.message.includes("AbortError");
}
