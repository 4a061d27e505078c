import { createClient } from "@connectrpc/connect";

import { ExchangeService } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { transport } from "./transport";

// The server sends a sign of life every 20 s; a connection that is silent for this long is dead.
const silence = 45_000;
const retries = [500, 1000, 2000, 5000, 15_000];

export interface Change { subject: string; etag: string }
// News is a change, a notice that changes may have been missed, or the state of the connection.
// Tabs with another version of the pages read it too: the kinds keep their names.
export type News = { kind: "changed"; change: Change } | { kind: "missed" } | { kind: "line"; down: boolean };

async function once(signal: AbortSignal, notify: (news: News) => void, opened: () => void): Promise<boolean> {
  const dead = new AbortController();
  let timer = setTimeout(() => dead.abort(), silence);
  try {
    for await (const { kind } of createClient(ExchangeService, transport).watch({}, {
      signal: AbortSignal.any([signal, dead.signal]), onHeader: opened,
    })) {
      clearTimeout(timer);
      timer = setTimeout(() => dead.abort(), silence);
      notify(kind.case === "changed" ? {
        kind: "changed", change: { subject: kind.value.subject, etag: kind.value.etag },
      } : { kind: "line", down: false });
    }
    return true; // A regular end asks for a new connection.
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

// watch keeps a stream of changes open until the signal. No change is missed while it is open;
// earlier ones may have been.
export async function watch(signal: AbortSignal, notify: (news: News) => void) {
  for (let failures = 0; !signal.aborted;) {
    const fine = await once(signal, notify, () => { failures = 0; notify({ kind: "line", down: false }); notify({ kind: "missed" }); });
    if (signal.aborted) return;
    if (fine) continue;
    notify({ kind: "line", down: true });
    const wait = retries[Math.min(failures++, retries.length - 1)]! * (0.5 + Math.random());
    await new Promise<void>((resolve) => { setTimeout(resolve, wait); signal.addEventListener("abort", () => resolve(), { once: true }); });
  }
}
