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
    super("The database cannot be reached. Look at your connection, then try again.");
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
  /** Of HTTP; 0 where no answer came. */
  status: number;
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

/** Names that one request's address may hold: gateways refuse those of more than some 8 kB. */
const MOST_NAMES = 100;

/** Asks for many names in as many requests as it takes, at once. */
export async function inParts<T>(
  names: readonly string[],
  read: (part: string[]) => Promise<T[]>,
): Promise<T[]> {
  const parts = Array.from({ length: Math.ceil(names.length / MOST_NAMES) }, (_, index) =>
    names.slice(index * MOST_NAMES, (index + 1) * MOST_NAMES),
  );
  return (await Promise.all(parts.map(read))).flat();
}

/** As `answered`, where there may be no row. */
export async function answeredOrNull<A extends Answer>(query: PromiseLike<A>): Promise<A["data"]> {
  const { data, error, status } = await query;
  if (error) throw translated(error, status);
  return data;
}

/** @param status of HTTP; 0 where no answer came */
export function translated(error: Refusal, status: number): Error {
  if (isAbort(error)) return new DOMException(error.message, "AbortError");
  if (status === 0) return new Unreachable();
  const field = /^field=(.+)$/.exec(error.details ?? "")?.[1] ?? null;
  // What stands before the database, such as a gateway that knows no such key, gives no code, and may give no words.
  const message = error.message || `The database answers ${status}.`;
  return new DatabaseError(message, error.code || `${status}`, error.hint ?? null, field);
}

function isAbort(error: Refusal): boolean {
  return error.message.includes("AbortError");
}
