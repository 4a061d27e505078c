#!/usr/bin/env node
// Usage: koppi-watch ADDRESS TOKEN_FILE INBOX [CONSUMER] [connect|grpc]
// Keeps a connection open as an agency's system, stores what comes in a file, and
// prints what has happened: sequence and event, and nothing of anybody.
import { readFile } from "node:fs/promises";
import { connect } from "../connect.js";
import { FileInbox } from "../inbox.js";
import { run } from "../run.js";

const [address, tokenFile, path, consumer = "watch", protocol = "connect"] = process.argv.slice(2);
if (!address || !tokenFile || !path) {
  console.error("usage: koppi-watch ADDRESS TOKEN_FILE INBOX [CONSUMER] [connect|grpc]");
  process.exit(2);
}
const transport = connect(address, async () => (await readFile(tokenFile, "utf8")).trim(), protocol === "grpc" ? "grpc" : "connect");
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const inbox = new FileInbox(path);
try {
  await run({
    transport, consumer, inbox, signal: stop.signal,
    taken: ({ sequence, event }) => console.log(`${sequence} ${event?.typeUrl.split(".").at(-1) ?? "withdrawn"}`),
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  inbox.close();
}
