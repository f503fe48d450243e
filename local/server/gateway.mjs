/** One HTTP server on one port: REST, auth, Storage, Realtime, static files and a health check. */
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import postgres from "postgres";

import { Identities } from "./identity.mjs";
import { mountPage } from "./page.mjs";
import { startRealtime } from "./realtime/index.mjs";
import { startRest } from "./rest.mjs";
import { mountStatic } from "./static.mjs";

/**
 * @param {{database: {host: string, user: string, database: string}, host: string, port: number,
 *   keys: {publishable: string, secret: string, jwt_secret: string},
 *   storage: string, static: Record<string, string>,
 *   page: {folder: string, config: object} | null}} config
 */
export async function startGateway(config) {
  const sql = connect(config.database);
  const rest = await startRest(config, sql);
  const identities = new Identities(config.keys);
  const realtime = startRealtime({ database: config.database, identities, sql });
  const server = createAdaptorServer({ fetch: routes(config, rest, realtime).fetch });
  realtime.attach(server);
  await realtime.ready();
  const port = await listen(server, config);
  return { port, close: () => close(server, realtime, rest, sql) };
}

/** Values travel as the text Postgres writes, and in UTC, so that nothing is lost on the way. */
function connect({ host, user, database }) {
  return postgres({
    host,
    user,
    database,
    max: 4,
    connection: { TimeZone: "UTC", application_name: "local-realtime" },
    onnotice: () => {},
  });
}

function routes(config, rest, realtime) {
  const app = new Hono();
  app.use(nosniff);
  const toRest = (context) => rest.fetch(context.req.raw, peerOf(context));
  // Lite answers preflights itself for REST, where some headers are to be exposed, but not for auth.
  app.all("/rest/v1/*", toRest);
  app.use(cors({ origin: "*", maxAge: 86_400 }));
  app.all("/auth/v1/*", toRest);
  app.all("/storage/v1/*", (context) => rest.fetchStorage(context.req.raw, peerOf(context)));
  app.get("/health", (context) =>
    realtime.live
      ? context.json({ status: "ok" })
      : context.json({ status: "unavailable", reason: "replication is reconnecting" }, 503),
  );
  app.post("/admin/reload", async (context) => {
    if (context.req.header("apikey") !== config.keys.secret) return context.body(null, 401);
    await rest.reload();
    return context.body(null, 204);
  });
  mountStatic(app, config.static);
  if (config.page) mountPage(app, config.page);
  return app;
}

/** Files that anybody stored come from the page's own origin: none may be taken for a script. */
async function nosniff(context, next) {
  await next();
  context.header("x-content-type-options", "nosniff");
}

function peerOf(context) {
  return { peerAddress: context.env.incoming.socket.remoteAddress ?? null };
}

function listen(server, { host, port }) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server.address().port);
    });
  });
}

async function close(server, realtime, rest, sql) {
  server.close();
  await realtime.close();
  server.closeAllConnections();
  await Promise.all([rest.close(), sql.end({ timeout: 1 })]);
}
