// Usage: node dist/endpoint.js PORT SECRETS_FILE INBOX
// An agency's endpoint, called by Koppi: it takes only what Koppi has signed, each
// message once and in order, and keeps it before it answers. SECRETS_FILE holds a
// secret a line: two while one follows the other.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { create, fromBinary, fromJson, toJsonString, type JsonValue } from "@bufbuild/protobuf";
import { Webhook } from "standardwebhooks";
import {
  CaseMessageSchema, DeliverRequestSchema, DeliverResponseSchema, type CaseMessage, type DeliverRequest, type DeliverResponse,
} from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { ChainError } from "./chain.js";
import { Inbox } from "./inbox.js";

const path = "/koppi.exchange.v1.CallbackService/Deliver";
const maxBody = 16 << 20;
const unavailable = 14;
const dataLoss = 15;

const isSame = (a: CaseMessage, b: CaseMessage) => a.sequence === b.sequence && a.service === b.service && a.mailbox === b.mailbox;

// read reads a body. What a message says is read of its record, which is what was hashed: a kind
// of event, a field or a value that came with a later version of Koppi is in it as it was sent.
// Its readable form is for people: JSON writes an event by its fields, and a kind that is not
// known could not be read.
export function read(body: string): DeliverRequest {
  const readable = JSON.parse(body) as { messages?: { record?: string; event?: unknown }[] };
  for (const message of readable.messages ?? []) if (message.record) delete message.event;
  const request = fromJson(DeliverRequestSchema, readable as JsonValue, { ignoreUnknownFields: true });
  request.messages = request.messages.map((message) => {
    if (message.record.length === 0) return message;
    const recorded = fromBinary(CaseMessageSchema, message.record);
    if (!isSame(recorded, message)) throw new Error("a message is not its record");
    const { record, nonce, contentHash, chainHash, redelivered, traceparent } = message;
    return Object.assign(recorded, { record, nonce, contentHash, chainHash, redelivered, traceparent });
  });
  return request;
}

// deliver takes messages. Of those taken before, nothing happens again.
export function deliver(inbox: Inbox, { messages, cursor }: DeliverRequest): DeliverResponse {
  let accepted = 0;
  for (const [index, message] of messages.entries()) {
    try {
      if (message.redelivered) inbox.takeAgain(message);
      else if (!inbox.has(message)) inbox.take(message, index === messages.length - 1 ? cursor : "");
    } catch (error) {
      // Never for good: somebody has to look into it, and then it goes on.
      const code = error instanceof ChainError ? dataLoss : unavailable;
      return create(DeliverResponseSchema, { accepted, refused: { code, message: "try again" } });
    }
    accepted++;
  }
  return create(DeliverResponseSchema, { accepted });
}

export function endpoint(inbox: Inbox, secrets: string[]) {
  const verifiers = secrets.map((secret) => new Webhook(secret));
  const signed = (body: string, headers: Record<string, string>) => verifiers.some((verifier) => {
    try { verifier.verify(body, headers); return true; } catch { return false; }
  });
  return createServer(async (request, response) => {
    const answer = (status: number, text: string) => response.writeHead(status, { "Content-Type": "application/json" }).end(text);
    if (request.method !== "POST" || !request.url?.endsWith(path)) return answer(404, `{"code":"unimplemented"}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
      if ((size += chunk.length) > maxBody) return answer(413, `{"code":"resource_exhausted"}`);
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks).toString("utf8");
    if (!signed(body, request.headers as Record<string, string>)) {
      return answer(401, `{"code":"unauthenticated","message":"the body is not signed by Koppi"}`);
    }
    try {
      return answer(200, toJsonString(DeliverResponseSchema, deliver(inbox, read(body))));
    } catch (error) {
      console.error("a call of Koppi's cannot be read:", error instanceof Error ? error.message : error);
      return answer(400, `{"code":"invalid_argument","message":"the body is no DeliverRequest"}`);
    }
  });
}

const [port, secretsFile, inboxPath] = process.argv.slice(2);
if (!port || !secretsFile || !inboxPath) {
  console.error("usage: node dist/endpoint.js PORT SECRETS_FILE INBOX");
  process.exit(2);
}
const inbox = new Inbox(inboxPath);
const secrets = readFileSync(secretsFile, "utf8").split("\n").filter((line) => line !== "");
const server = endpoint(inbox, secrets).listen(Number(port), "127.0.0.1", () => console.log("listening"));
const stop = () => server.close(() => inbox.close()) && server.closeAllConnections();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
