// An agency's endpoint, called by Koppi: it takes only what Koppi has signed, each message once and
// in order, and keeps it before it answers.
import type { IncomingMessage, ServerResponse } from "node:http";
import { create, toJsonString } from "@bufbuild/protobuf";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import {
  DeliverResponseSchema, type CaseMessage, type DeliverRequest, type DeliverResponse,
} from "../gen/koppi/exchange/v1/exchange_pb.js";
import { ChainError } from "./chain.js";
import { Refused, type Inbox } from "./inbox.js";
import { readRequest } from "./read.js";

const path = "/koppi.exchange.v1.CallbackService/Deliver";
const maxBody = 16 << 20;
const failedPrecondition = 9;
const unavailable = 14;
const dataLoss = 15;

export interface Called {
  inbox: Inbox;
  // secrets are the keys with which bodies may be signed, "whsec_…": two while one follows the other.
  secrets: string[];
  // taken is called with each message once it is kept.
  taken?: (message: CaseMessage) => void;
}

// A message that does not fit is never refused for good: somebody has to look into it, and then it goes on.
function refusal(error: unknown) {
  if (error instanceof ChainError) return { code: dataLoss, message: "the messages do not fit together" };
  if (error instanceof Refused) return { code: failedPrecondition, message: "the message cannot be taken" };
  return { code: unavailable, message: "try again" };
}

// deliver takes messages. Of those taken before, nothing happens again.
async function deliver({ inbox, taken }: Called, { messages, cursor }: DeliverRequest): Promise<DeliverResponse> {
  let accepted = 0;
  for (const [index, message] of messages.entries()) {
    try {
      if (message.redelivered) {
        await inbox.takeAgain(message);
        taken?.(message);
      } else if (!(await inbox.has(message))) {
        await inbox.take(message, index === messages.length - 1 ? cursor : "");
        taken?.(message);
      }
    } catch (error) {
      return create(DeliverResponseSchema, { accepted, refused: refusal(error) });
    }
    accepted++;
  }
  return create(DeliverResponseSchema, { accepted });
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > maxBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// endpoint answers Koppi's calls; give it to http.createServer.
export function endpoint(called: Called): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const verifiers = called.secrets.map((secret) => new Webhook(secret));
  const isSigned = (body: string, headers: Record<string, string>) => verifiers.some((verifier) => {
    // It also reads the body, and fails otherwise where a signed body is no JSON.
    try { verifier.verify(body, headers); return true; } catch (error) { return !(error instanceof WebhookVerificationError); }
  });
  // One call at a time: two at once would take the same message twice.
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = (request: DeliverRequest) => {
    const turn = before.then(() => deliver(called, request));
    before = turn.catch(() => {});
    return turn;
  };
  return async (request, response) => {
    const answer = (status: number, text: string) => { response.writeHead(status, { "Content-Type": "application/json" }).end(text); };
    if (request.method !== "POST" || !request.url?.endsWith(path)) return answer(404, `{"code":"unimplemented"}`);
    const body = await bodyOf(request).catch(() => undefined);
    if (body === undefined) return answer(413, `{"code":"resource_exhausted"}`);
    if (!isSigned(body, request.headers as Record<string, string>)) {
      return answer(401, `{"code":"unauthenticated","message":"the body is not signed by Koppi"}`);
    }
    let read: DeliverRequest;
    try {
      read = readRequest(body);
    } catch {
      return answer(400, `{"code":"invalid_argument","message":"the body is no DeliverRequest"}`);
    }
    return answer(200, toJsonString(DeliverResponseSchema, await inTurn(read)));
  };
}
