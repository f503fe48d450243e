/** `/rest/v1`, `/auth/v1` and `/storage/v1`: the App of @supabase/lite, held to what hosted Supabase does. */
import { App, setExperimental } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { sql } from "kysely";

import { FolderStorage } from "./storage/folder.mjs";
import { answerAsHosted, STORAGE_GRANTS } from "./storage/index.mjs";

/** The settings PostgREST makes at the start of each transaction. */
function enterSession(role, claims, operation) {
  return sql`select
    set_config('session_authorization', 'authenticator', true),
    set_config('role', ${role}, true),
    set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
    set_config('storage.operation', ${operation}, true)`;
}

/**
 * Lite grants everything to the API's roles as soon as one table has RLS, and until then asks as
 * the superuser. Here each request runs as its role from the start, with the grants it was given,
 * and a role must have been granted to `authenticator` first, as on hosted Supabase.
 */
function asHosted(connection) {
  connection.rlsState = "active";
  connection.applyJwtSessionContext = async (transaction, { auth, storage }) => {
    const role = auth?.role ?? "anon";
    const claims = auth?.jwt ?? { role };
    await enterSession(role, claims, String(storage?.operation ?? "")).execute(transaction);
  };
  return connection;
}

/** "2026-11-23 14:47:42.07+00" → "2026-11-23T14:47:42.07+00:00", as PostgREST writes it. */
function isoTimestamp(text) {
  return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
}

function textual(oid, parse) {
  return { to: oid, from: [oid], serialize: String, parse };
}

/** Lite hands over an object that is an RPC's argument as JSON already, one that goes into a table as it is. */
function serializeJson(value) {
  return isJsonText(value) ? value : JSON.stringify(value);
}

function isJsonText(value) {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function json(oid) {
  return { to: oid, from: [oid], serialize: serializeJson, parse: JSON.parse };
}

/** Lite would answer Postgres's own text for times, and strings for some numbers. */
const types = {
  timestamp: textual(1114, isoTimestamp),
  timestamptz: textual(1184, isoTimestamp),
  numeric: textual(1700, Number),
  json: json(114),
  jsonb: json(3802),
};

function openConnection({ host, user, database }) {
  const connection = createPostgresConnection({
    url: "",
    postgresOptions: { host, user, database, types, max: 10, onnotice: () => {} },
  });
  // bootstrap.sql has made the auth functions already, in hosted Supabase's form.
  connection.config.baseSchema = "";
  return asHosted(connection);
}

/** Serial, so that an older reading of the schema never replaces a newer one. */
function reloader(connection) {
  let last = Promise.resolve();
  return () => {
    last = last.catch(() => {}).then(() => connection.introspect());
    return last;
  };
}

/** @param {import("postgres").Sql} listener where `notify pgrst, 'reload schema'` is heard */
export async function startRest({ database, keys, storage }, listener) {
  const connection = openConnection(database);
  setExperimental("storage", true);
  const app = new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: keys.jwt_secret,
      publishable_key: keys.publishable,
      secret_key: keys.secret,
    },
    studio: { enabled: false },
    storage: { enabled: true, file_size_limit: "50MiB" },
    db: { migrations: { enabled: false } },
    options: { server: { admin: false, disableStudio: true } },
  });
  app._storageAdapter = new FolderStorage(storage);
  await app.ensureSystemSchema();
  await listener.unsafe(STORAGE_GRANTS);
  const reload = reloader(connection);
  await listener.listen("pgrst", () => void reload().catch((error) => console.error(error)));
  await reload();
  return {
    fetch: app.fetch,
    fetchStorage: (request, from) => answerAsHosted(request, (each) => app.fetch(each, from), keys.jwt_secret),
    reload,
    close: () => connection.driver.end({ timeout: 1 }),
  };
}
