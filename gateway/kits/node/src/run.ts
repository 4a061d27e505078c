// A standing connection to Koppi over Connect or gRPC: it reconnects, verifies,
// keeps each message exactly once, and acknowledges what it has kept.
import { createClient, ConnectError, type Transport } from "@connectrpc/connect";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  ExchangeRequestSchema, ExchangeService, type CaseMessage, type ExchangeRequest,
} from "../gen/koppi/exchange/v1/exchange_pb.js";
import { ChainError } from "./chain.js";
import { isFinalReason, reasonOf } from "./reason.js";
import type { Inbox } from "./inbox.js";

export interface Options {
  // transport is that of connect: its calls carry a token of role system.
  transport: Transport;
  // consumer names this reader among those of the agency; each has its own inbox.
  consumer: string;
  inbox: Inbox;
  // taken is called with each message once it is kept.
  taken: (message: CaseMessage) => void;
  signal: AbortSignal;
}

// Koppi is heard every 20 s; a connection that is silent for this long is dead.
const silence = 45_000;
const firstWait = 100;
const longestWait = 30_000;
const window = 256;

const isFinal = (error: unknown) => error instanceof ChainError || !(error instanceof ConnectError) || isFinalReason(reasonOf(error));

// outgoing is what goes out on a stream, as it comes.
function outgoing() {
  const waiting: ExchangeRequest[] = [];
  let notify = () => {};
  let ended = false;
  return {
    send(kind: MessageInitShape<typeof ExchangeRequestSchema>["kind"]) { waiting.push(create(ExchangeRequestSchema, { kind })); notify(); },
    end() { ended = true; notify(); },
    async *[Symbol.asyncIterator]() {
      while (!ended) {
        const next = waiting.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => { notify = resolve; });
      }
    },
  };
}

async function once({ transport, consumer, inbox, taken, signal }: Options, opened: () => void): Promise<void> {
  const connection = new AbortController();
  const requests = outgoing();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => { clearTimeout(timer); timer = setTimeout(() => connection.abort(), silence); };
  alive();
  try {
    requests.send({ case: "open", value: { cursor: inbox.position.cursor, window, consumer, withRecords: true } });
    const acknowledge = () => requests.send({ case: "acknowledge", value: { cursor: inbox.position.cursor } });
    const options = { signal: AbortSignal.any([signal, connection.signal]) };
    for await (const { kind } of createClient(ExchangeService, transport).exchange(requests, options)) {
      alive();
      if (kind.case === "opened") {
        opened();
        // What was kept before a cut may not have been acknowledged.
        if (inbox.position.cursor) acknowledge();
      }
      if (kind.case !== "delivery" || !kind.value.message) continue;
      await inbox.take(kind.value.message, kind.value.cursor);
      taken(kind.value.message);
      acknowledge();
    }
  } finally {
    clearTimeout(timer);
    requests.end();
    connection.abort();
  }
}

// run keeps the connection until the signal ends it, and throws where trying again
// cannot help and a person must look.
export async function run(options: Options): Promise<void> {
  for (let wait = firstWait; !options.signal.aborted;) {
    try {
      await once(options, () => { wait = firstWait; });
      continue; // Koppi ends streams now and then: an hour has passed, or it moves.
    } catch (error) {
      if (options.signal.aborted) return;
      if (isFinal(error)) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, wait * (0.5 + Math.random())); });
    wait = Math.min(wait * 2, longestWait);
  }
}
