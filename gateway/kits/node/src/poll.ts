// Reading from time to time, over plain requests and responses.
import { createClient, type Transport } from "@connectrpc/connect";
import { ExchangeService, type CaseMessage } from "../gen/koppi/exchange/v1/exchange_pb.js";
import type { Inbox } from "./inbox.js";

export interface Polling {
  // transport is that of connect: its calls carry a token of role system.
  transport: Transport;
  consumer: string;
  inbox: Inbox;
  // taken is called with each message once it is kept.
  taken?: (message: CaseMessage) => void;
}

// poll reads what waits into the inbox, verifies it, and acknowledges it.
export async function poll({ transport, consumer, inbox, taken }: Polling): Promise<void> {
  const exchange = createClient(ExchangeService, transport);
  for (;;) {
    const { messages, nextCursor, backlog } = await exchange.listMessages({ cursor: inbox.position.cursor, consumer, withRecords: true });
    for (const [index, message] of messages.entries()) {
      if (await inbox.has(message)) continue;
      // Koppi says only the cursor behind the last.
      await inbox.take(message, index === messages.length - 1 ? nextCursor : "");
      taken?.(message);
    }
    if (messages.length > 0) await exchange.acknowledgeMessages({ cursor: nextCursor, consumer });
    if (backlog === 0n) return;
  }
}
