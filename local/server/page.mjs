/** The dashboard's build at `/`, with the configuration that it asks for. */
import { serveStatic } from "@hono/node-server/serve-static";
import { etag } from "hono/etag";

/** Images and connections may go anywhere, for images are where jobs say; scripts come from here alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob: https: http:",
  "connect-src 'self' ws: wss: https: http:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** The build puts a hash of what is in a file into the names of these. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** @param {{folder: string, config: object}} page */
export function mountPage(app, { folder, config }) {
  app.use(protect);
  // The page's own origin, which it knows best. Said, for an address that was built in would go before silence.
  const answer = { supabaseUrl: "/", ...config };
  app.get("/config.json", (context) => context.json(answer, 200, { "cache-control": "no-store" }));
  app.get("/assets/*", cacheControl(IMMUTABLE), serveStatic({ root: folder }));
  app.get("/*", cacheControl("no-cache"), etag(), serveStatic({ root: folder }));
}

async function protect(context, next) {
  await next();
  context.header("content-security-policy", CONTENT_SECURITY_POLICY);
  context.header("referrer-policy", "no-referrer");
}

function cacheControl(value) {
  return async (context, next) => {
    await next();
    if (context.res.status < 400 && !context.res.headers.has("cache-control")) context.header("cache-control", value);
  };
}
