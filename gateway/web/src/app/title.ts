import { useEffect, useSyncExternalStore } from "react";

// What is shown now: a page, and what is open of it. It stands in the browser's history, on
// its tabs and in what a screen reader says: no name, no identity code and no free text.
type Level = 0 | 1;
let shown: readonly string[] = ["", ""];
const listeners = new Set<() => void>();
let waiting = false;

function put(level: Level, title: string) {
  shown = shown.map((before, at) => (at === level ? title : before));
  // A page that gives way to another is told as one change.
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => { waiting = false; listeners.forEach((listener) => listener()); });
}

// useTitle says what is shown, for as long as it is: a page by level 0, what is open of it by 1.
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

// useShown is what is shown now, in the order of a title: the nearest first.
export const useShown = () => [...useSyncExternalStore(listen, () => shown)].reverse().filter(Boolean).join(" – ");
