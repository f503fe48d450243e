/** Folders served below a path, for the dashboard's build and the demo's images. */
import { serveStatic } from "@hono/node-server/serve-static";

/** @param {Record<string, string>} folders path prefix, such as "/" or "/images", to folder */
export function mountStatic(app, folders) {
  const longestFirst = Object.entries(folders).sort(([a], [b]) => b.length - a.length);
  for (const [prefix, root] of longestFirst) {
    const base = prefix.replace(/\/+$/, "");
    // serve-static refuses every path with `..`, `//` or a backslash, before and after decoding.
    app.get(
      `${base}/*`,
      serveStatic({ root, rewriteRequestPath: (path) => path.slice(base.length) }),
    );
  }
}
