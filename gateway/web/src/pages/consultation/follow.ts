import { createClient } from "@connectrpc/connect";

import { ConsultationService, type ConverseResponse } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { queries } from "../../app/queries";
import { refusalOf, sessionEnded } from "../../app/refusal";
import { sessionKey } from "../../app/tabs";
import { transport } from "../../app/transport";

// The server sends a sign of life every 20 s; a connection that is silent for this long is dead.
const silence = 45_000;
const retries = [500, 1000, 2000, 5000, 15_000];
// Permanent refusals: a retry would not help.
const final = new Set(["NOT_FOUND", "ROLE_NOT_ALLOWED"]);

export type Received = ConverseResponse["kind"];

export interface Follower {
  // The last message received: the server sends what comes after it.
  after: () => string;
  received: (received: Received) => void;
  // After each connect nobody is present yet.
  opened: () => void;
  down: (down: boolean) => void;
}

// follow keeps a conversation's stream open until the signal. After a break it reconnects after the
// last message, so that none is missed or repeated.
export async function follow(consultationId: string, follower: Follower, signal: AbortSignal) {
  for (let failures = 0; !signal.aborted;) {
    const dead = new AbortController();
    let timer = setTimeout(() => dead.abort(), silence);
    try {
      const stream = createClient(ConsultationService, transport)
        .follow({ consultationId, afterMessageId: follower.after() }, { signal: AbortSignal.any([signal, dead.signal]) });
      let first = true;
      for await (const { told } of stream) {
        clearTimeout(timer);
        timer = setTimeout(() => dead.abort(), silence);
        if (first) follower.opened();
        first = false;
        failures = 0;
        follower.down(false);
        if (told) follower.received(told.kind);
      }
      // A regular end asks for a new connection, if there is more to come.
    } catch (error) {
      if (signal.aborted) return;
      if (sessionEnded(error)) void queries.invalidateQueries({ queryKey: sessionKey });
      if (final.has(refusalOf(error).reason)) return;
      follower.down(true);
    } finally {
      clearTimeout(timer);
    }
    const wait = retries[Math.min(failures++, retries.length - 1)]! * (0.5 + Math.random());
    await new Promise<void>((resolve) => { setTimeout(resolve, wait); signal.addEventListener("abort", () => resolve(), { once: true }); });
  }
}
