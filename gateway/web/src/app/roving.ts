import { useEffect, useRef } from "react";

const stops = "button:not(:disabled), a[href]";

// useRoving makes a group of buttons one stop of the Tab key; the arrow keys, Home and End move
// within it, as in a toolbar.
export function useRoving<T extends HTMLElement>() {
  const group = useRef<T>(null);
  useEffect(() => {
    const place = group.current;
    if (!place) return;
    const all = () => [...place.querySelectorAll<HTMLElement>(stops)];
    const enter = (chosen: HTMLElement | undefined) => all().forEach((one) => { one.tabIndex = one === chosen ? 0 : -1; });
    const focused = ({ target }: FocusEvent) => enter((target as HTMLElement).closest<HTMLElement>(stops) ?? undefined);
    const pressed = (event: KeyboardEvent) => {
      const buttons = all(), at = buttons.indexOf(document.activeElement as HTMLElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (at < 0 || to === undefined || !buttons[to]) return;
      event.preventDefault();
      buttons[to].focus();
    };
    const current = () => all().find((one) => one.tabIndex === 0 && one === document.activeElement);
    if (!current()) enter(all().find((one) => one.getAttribute("aria-pressed") === "true") ?? all()[0]);
    place.addEventListener("focusin", focused);
    place.addEventListener("keydown", pressed);
    return () => { place.removeEventListener("focusin", focused); place.removeEventListener("keydown", pressed); };
  });
  return group;
}
