import { createClient } from "@connectrpc/connect";
import { useEffect, useSyncExternalStore } from "react";

import { ExchangeService } from "#gen/koppi/exchange/v1/exchange_pb";
import { transport } from "./transport";

// The server is heard every 20 s; a line that is silent for this long is dead.
const silence = 45_000;
const retries = [500, 1000, 2000, 5000, 15_000];

export interface Change { subject: string; etag: string }
type Listener = (change: Change | "missed") => void;

// One stream of what changes serves all that is on the page.
const listeners = new Set<Listener>();
const lineListeners = new Set<() => void>();
let down = false;
let watching: AbortController | undefined;

const say = (change: Change | "missed") => listeners.forEach((listener) => listener(change));

function setDown(now: boolean) {
  if (down === now) return;
  down = now;
  lineListeners.forEach((listener) => listener());
}

async function once(signal: AbortSignal, live: () => void): Promise<boolean> {
  const dead = new AbortController();
  let timer = setTimeout(() => dead.abort(), silence);
  try {
    for await (const { kind } of createClient(ExchangeService, transport).watch({}, { signal: AbortSignal.any([signal, dead.signal]), onHeader: live })) {
      clearTimeout(timer);
      timer = setTimeout(() => dead.abort(), silence);
      if (kind.case === "changed") say({ subject: kind.value.subject, etag: kind.value.etag });
    }
    return true; // An end in order says: open me again.
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

// From the moment a stream opens nothing is missed; what came before may have been.
async function watch(signal: AbortSignal) {
  for (let failures = 0; !signal.aborted;) {
    const fine = await once(signal, () => { failures = 0; setDown(false); say("missed"); });
    if (signal.aborted) return;
    if (fine) continue;
    setDown(true);
    const wait = retries[Math.min(failures++, retries.length - 1)]! * (0.5 + Math.random());
    await new Promise<void>((resolve) => { setTimeout(resolve, wait); signal.addEventListener("abort", () => resolve()); });
  }
}

// useLine keeps the stream open while somebody is signed in who has matters that may
// change, and tells whether it is down.
export function useLine(who: string | undefined): boolean {
  useEffect(() => {
    if (who === undefined) return;
    watching = new AbortController();
    void watch(watching.signal);
    return () => { watching?.abort(); setDown(false); };
  }, [who]);
  return useSyncExternalStore((listener) => { lineListeners.add(listener); return () => lineListeners.delete(listener); }, () => down);
}

// useChanges hears of every change, or "missed" where some may have been missed. What
// comes while the page is out of sight is told once it is looked at again.
export function useChanges(listener: Listener) {
  useEffect(() => {
    let waiting = false;
    const hear: Listener = (change) => {
      if (document.visibilityState === "visible") listener(change);
      else waiting = true;
    };
    const seen = () => {
      if (document.visibilityState !== "visible" || !waiting) return;
      waiting = false;
      listener("missed");
    };
    listeners.add(hear);
    document.addEventListener("visibilitychange", seen);
    return () => { listeners.delete(hear); document.removeEventListener("visibilitychange", seen); };
  });
}
