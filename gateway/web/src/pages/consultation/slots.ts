// A browser opens six connections to a server at once over HTTP/1.1. A followed conversation keeps
// one open: this many tabs follow theirs, and the others learn of changes from the stream that all
// tabs share.
const slots = 3;
const name = "koppi follow";

// inSlot runs a function that keeps a connection open, once a slot is free.
export async function inSlot(signal: AbortSignal, act: () => Promise<void>) {
  if (!navigator.locks) return act();
  const found = new AbortController(), channel = new BroadcastChannel(name);
  // A hidden tab gives its slot to a visible one.
  channel.postMessage("wanted");
  channel.close();
  await Promise.allSettled(Array.from({ length: slots }, (_, at) =>
    navigator.locks.request(`${name} ${at}`, { signal: AbortSignal.any([signal, found.signal]) }, async () => {
      if (found.signal.aborted || signal.aborted) return;
      found.abort();
      await act();
    })));
}

// onWanted calls back when another tab wants a slot.
export function onWanted(listener: () => void): () => void {
  const channel = new BroadcastChannel(name);
  channel.onmessage = listener;
  return () => channel.close();
}
