// In place of Deno, whose two names an Edge Function uses, for Node.
import { createServer } from "node:http";
import { Readable } from "node:stream";

globalThis.Deno = {
  env: { get: (name) => process.env[name] },
  serve: (handler) => {
    const server = createServer(async (asked, answer) => {
      const body = ["GET", "HEAD"].includes(asked.method) ? undefined : Readable.toWeb(asked);
      const request = new Request(`http://localhost${asked.url}`, {
        method: asked.method, headers: asked.headers, body, duplex: "half",
      });
      const given = await handler(request).catch((error) => new Response(String(error), { status: 500 }));
      answer.writeHead(given.status).end(await given.text());
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  },
};
