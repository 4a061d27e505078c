// Usage: node dist/src/endpoint.js PORT SECRETS_FILE INBOX
// An agency's endpoint, called by Koppi: it takes only what Koppi has signed, each
// message once and in order, and keeps it before it answers. SECRETS_FILE holds a
// secret a line: two while one follows the other.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { create, createRegistry, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { Webhook } from "standardwebhooks";
import { DeliverRequestSchema, DeliverResponseSchema, file_koppi_exchange_v1_exchange, type DeliverRequest, type DeliverResponse } from "../gen/koppi/exchange/v1/exchange_pb.js";
import { file_koppi_common_v1_contact } from "../gen/koppi/common/v1/contact_pb.js";
import { file_koppi_common_v1_revocation } from "../gen/koppi/common/v1/revocation_pb.js";
import { file_koppi_concern_v1_events } from "../gen/koppi/concern/v1/events_pb.js";
import { file_koppi_consultation_v1_events } from "../gen/koppi/consultation/v1/events_pb.js";
import { file_koppi_plan_v1_events } from "../gen/koppi/plan/v1/events_pb.js";
import { file_koppi_referral_v1_events } from "../gen/koppi/referral/v1/events_pb.js";
import { ChainError } from "./chain.js";
import { Inbox } from "./inbox.js";

const path = "/koppi.exchange.v1.CallbackService/Deliver";
const maxBody = 16 << 20;
const unavailable = 14;
const dataLoss = 15;

// The events are packed by their names.
const registry = createRegistry(
  file_koppi_exchange_v1_exchange, file_koppi_common_v1_contact, file_koppi_common_v1_revocation, file_koppi_concern_v1_events, file_koppi_referral_v1_events, file_koppi_consultation_v1_events, file_koppi_plan_v1_events,
);

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
    if (!signed(body, request.headers as Record<string, string>)) return answer(401, `{"code":"unauthenticated","message":"the body is not signed by Koppi"}`);
    try {
      const taken = deliver(inbox, fromJsonString(DeliverRequestSchema, body, { registry, ignoreUnknownFields: true }));
      return answer(200, toJsonString(DeliverResponseSchema, taken));
    } catch {
      return answer(400, `{"code":"invalid_argument","message":"the body is no DeliverRequest"}`);
    }
  });
}

const [port, secretsFile, inboxPath] = process.argv.slice(2);
if (!port || !secretsFile || !inboxPath) {
  console.error("usage: node dist/src/endpoint.js PORT SECRETS_FILE INBOX");
  process.exit(2);
}
const inbox = new Inbox(inboxPath);
const secrets = readFileSync(secretsFile, "utf8").split("\n").filter((line) => line !== "");
const server = endpoint(inbox, secrets).listen(Number(port), "127.0.0.1", () => console.log("listening"));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close(() => inbox.close()) && server.closeAllConnections());
