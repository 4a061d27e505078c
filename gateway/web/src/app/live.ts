import { useEffect, useSyncExternalStore } from "react";

import { queries } from "./queries";
import { share } from "./shared";
import type { Change } from "./watch";

type Listener = (change: Change | "missed") => void;

// One stream of changes serves the whole page.
const listeners = new Set<Listener>();
const connectionListeners = new Set<() => void>();
let down = false;

function say(change: Change | "missed") {
  // A list that is not shown now is read again when it is.
  void queries.invalidateQueries({ queryKey: ["work"], refetchType: "none" });
  listeners.forEach((listener) => listener(change));
}

function setDown(now: boolean) {
  if (down === now) return;
  down = now;
  connectionListeners.forEach((listener) => listener());
}

function listen(listener: () => void) {
  connectionListeners.add(listener);
  return () => { connectionListeners.delete(listener); };
}

// useConnection opens the stream while somebody is signed in, and reports whether the connection is
// down. Without a session there is none: Watch is for an agency's workers.
export function useConnection(session: string | undefined): boolean {
  useEffect(() => {
    if (!session) return;
    const ended = new AbortController();
    void share(session, ended.signal, (news) => {
      if (ended.signal.aborted) return;
      if (news.kind === "line") setDown(news.down);
      else say(news.kind === "missed" ? "missed" : news.change);
    });
    return () => { ended.abort(); setDown(false); };
  }, [session]);
  return useSyncExternalStore(listen, () => down);
}

// useChanges calls back for every change, or with "missed" if some may have been missed. Changes
// that arrive while the page is hidden are delivered when it is visible again.
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
