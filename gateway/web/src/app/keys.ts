import { useEffect, useSyncExternalStore } from "react";

// Single-key shortcuts can be switched off: speech input or a slip of the hand could press them by
// accident (WCAG 2.1.4). The choice stays in this browser.
const kept = "keys", off = "off";
const listeners = new Set<() => void>();

function listen(listener: () => void) {
  listeners.add(listener);
  addEventListener("storage", listener);
  return () => { listeners.delete(listener); removeEventListener("storage", listener); };
}

const areOn = () => localStorage.getItem(kept) !== off;

// useKeysOn reports whether single-key shortcuts are on, and changes it.
export function useKeysOn(): [boolean, (on: boolean) => void] {
  return [useSyncExternalStore(listen, areOn), (on) => {
    if (on) localStorage.removeItem(kept);
    else localStorage.setItem(kept, off);
    listeners.forEach((listener) => listener());
  }];
}

// useKeys handles single keys while the focus is within its scope, but not while the user types,
// fills in a form or has a dialog open.
export function useKeys(keys: Record<string, () => void>, about: (focused: Element) => boolean) {
  const [on] = useKeysOn();
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
      if (target.closest("input, textarea, select, [contenteditable], form, [role=dialog], [role=listbox]")) return;
      const act = keys[event.key];
      if (!act || !about(target)) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
}
