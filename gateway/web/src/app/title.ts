import { useEffect, useSyncExternalStore } from "react";

// The titles of the page and of what is open in it. They appear in the browser's history, on its
// tabs and in screen readers: no name, no identity code and no free text.
type Level = 0 | 1;
let shown: readonly string[] = ["", ""];
const listeners = new Set<() => void>();
let waiting = false;

function put(level: Level, title: string) {
  shown = shown.map((before, at) => (at === level ? title : before));
  // The change from one page to the next is announced once.
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => { waiting = false; listeners.forEach((listener) => listener()); });
}

// useTitle sets a title while the component is mounted: level 0 is the page, level 1 what is open
// in it.
export function useTitle(title: string | undefined, level: Level = 0) {
  useEffect(() => {
    if (title === undefined) return;
    put(level, title);
    return () => put(level, "");
  }, [title, level]);
}

function listen(listener: () => void) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

// useShown returns the current titles, the most specific first.
export const useShown = () => [...useSyncExternalStore(listen, () => shown)].reverse().filter(Boolean).join(" – ");
