// A browser opens six connections to a server at once over HTTP/1.1. A followed conversation
// keeps one open: of all tabs so many follow theirs, and the others hear of what is new by
// the stream that all tabs share.
const slots = 3;
const name = "koppi follow";

// inSlot does something that keeps a connection open, once there is room for it.
export async function inSlot(signal: AbortSignal, act: () => Promise<void>) {
  if (!navigator.locks) return act();
  const found = new AbortController(), channel = new BroadcastChannel(name);
  // Whoever is out of sight makes room for who is looked at.
  channel.postMessage("wanted");
  channel.close();
  await Promise.allSettled(Array.from({ length: slots }, (_, at) =>
    navigator.locks.request(`${name} ${at}`, { signal: AbortSignal.any([signal, found.signal]) }, async () => {
      if (found.signal.aborted || signal.aborted) return;
      found.abort();
      await act();
    })));
}

// onWanted hears that another tab wants room.
export function onWanted(listener: () => void): () => void {
  const channel = new BroadcastChannel(name);
  channel.onmessage = listener;
  return () => channel.close();
}
