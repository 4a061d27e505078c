#!/usr/bin/env node
// Usage: koppi-endpoint PORT SECRETS_FILE INBOX
// An endpoint that keeps what Koppi delivers in a file. SECRETS_FILE holds a secret a line: two while
// one follows the other.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { endpoint } from "../endpoint.js";
import { FileInbox } from "../inbox.js";

const [port, secretsFile, inboxPath] = process.argv.slice(2);
if (!port || !secretsFile || !inboxPath) {
  console.error("usage: koppi-endpoint PORT SECRETS_FILE INBOX");
  process.exit(2);
}
const inbox = new FileInbox(inboxPath);
const secrets = readFileSync(secretsFile, "utf8").split("\n").filter((line) => line !== "");
const server = createServer(endpoint({ inbox, secrets })).listen(Number(port), "127.0.0.1", () => console.log("listening"));
const stop = () => {
  server.close(() => inbox.close());
  server.closeAllConnections();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
