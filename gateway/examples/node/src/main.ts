// Usage: node dist/main.js ADDRESS TOKEN_FILE INBOX [CONSUMER] [connect|grpc]
// Keeps a connection open as an agency's system, stores what comes in a file, and
// prints what has happened: sequence and event, and nothing of anybody.
import { readFile } from "node:fs/promises";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { Inbox } from "./inbox.js";
import { run } from "./partner.js";

const [address, tokenFile, path, consumer = "example", protocol = "connect"] = process.argv.slice(2);
if (!address || !tokenFile || !path) {
  console.error("usage: node dist/main.js ADDRESS TOKEN_FILE INBOX [CONSUMER] [connect|grpc]");
  process.exit(2);
}
const transport = protocol === "grpc"
  ? createGrpcTransport({ baseUrl: address })
  : createConnectTransport({ baseUrl: address, httpVersion: "2" });
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const inbox = new Inbox(path);
try {
  await run({
    transport, consumer, inbox, signal: stop.signal,
    token: async () => (await readFile(tokenFile, "utf8")).trim(),
    taken: ({ sequence, event }) => console.log(`${sequence} ${event?.typeUrl.split(".").at(-1) ?? "withdrawn"}`),
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  inbox.close();
}
