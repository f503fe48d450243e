/** `/realtime/v1/websocket`: the handshake, and the parts put together. */
import { once } from "node:events";

import { WebSocketServer } from "ws";

import { TokenError } from "../identity.mjs";
import { Access } from "./access.mjs";
import { Hub } from "./hub.mjs";
import { VERSIONS } from "./protocol.mjs";
import { Replication } from "./replication.mjs";
import { Socket } from "./socket.mjs";

const PATH = "/realtime/v1/websocket";
const MAX_FRAME_BYTES = 5 * 1024 * 1024;
const GOING_AWAY = 1001;

/** @param {{database: object, identities: object, sql: import("postgres").Sql}} config */
export function startRealtime({ database, identities, sql }) {
  const access = new Access(sql);
  const hub = new Hub(access);
  const replication = new Replication(database, (change) =>
    hub.dispatch(change).catch((error) => console.error("realtime change:", error)),
  );
  replication.on("up", () => hub.channels.forEach((channel) => void channel.subscribe()));
  replication.on("down", () => hub.channels.forEach((channel) => channel.suspend()));
  const running = replication.run();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  return {
    get live() {
      return replication.live;
    },
    ready: () => replication.live || once(replication, "up"),
    attach: (server) => attach(server, sockets, { hub, access, identities, replication }),
    close: () => close(sockets, replication, running),
  };
}

function attach(server, sockets, services) {
  server.on("upgrade", async (request, stream, head) => {
    stream.on("error", () => stream.destroy());
    const handshake = await shake(request, services.identities).catch((error) => {
      console.error("handshake:", error.message);
      return { refused: [400, "Bad Request"] };
    });
    if (handshake.refused) return refuse(stream, handshake.refused);
    sockets.handleUpgrade(request, stream, head, (ws) => new Socket(ws, handshake, services));
  });
}

async function shake({ url, headers }, identities) {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const version = searchParams.get("vsn") ?? VERSIONS[0];
  if (pathname !== PATH) return { refused: [404, "Not Found"] };
  if (!VERSIONS.includes(version)) return { refused: [400, `vsn must be one of ${VERSIONS.join(", ")}`] };
  try {
    return { version, identity: await identities.ofKey(searchParams.get("apikey") ?? headers.apikey) };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { refused: [error.code === "Unauthorized" ? 401 : 403, error.message] };
  }
}

function refuse(stream, [status, error]) {
  const body = JSON.stringify({ error });
  stream.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function close(sockets, replication, running) {
  for (const ws of sockets.clients) ws.close(GOING_AWAY);
  await replication.close();
  await running;
  for (const ws of sockets.clients) ws.terminate();
}
