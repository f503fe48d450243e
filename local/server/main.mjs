/**
 * Entry point: one JSON line of configuration comes in on stdin, one JSON line of outcome goes out
 * on stdout ({"port": N} or {"error": code, "message": text}); everything else is logged to stderr.
 * The end of stdin means that the parent is gone or wants us to stop, however it died.
 */
import { Console } from "node:console";
import { createInterface } from "node:readline";

import { startGateway } from "./gateway.mjs";

globalThis.console = new Console(process.stderr);

function report(outcome) {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

async function main() {
  const lines = createInterface({ input: process.stdin });
  const stopped = new Promise((resolve) => lines.once("close", resolve));
  const { value: line } = await lines[Symbol.asyncIterator]().next();
  if (line === undefined) return;
  const gateway = await startGateway(JSON.parse(line));
  report({ port: gateway.port });
  await stopped;
  await gateway.close();
}

// A terminal sends Ctrl-C to the whole group: stopping is the parent's to decide.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => process.stdin.destroy());
process.on("unhandledRejection", (error) => console.error("unhandled rejection:", error));
process.stdout.on("error", () => {});

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    report({ error: error.code ?? "ERROR", message: error.message });
    process.exit(1);
  },
);
