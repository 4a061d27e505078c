import { useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";

import { useTexts } from "./language";

// Menu is the part of the header with navigation and the user. A wide window shows it in the header's
// row; a narrow one behind a button.
export function Menu({ children }: { children: ReactNode }) {
  const t = useTexts("shell"), [open, setOpen] = useState(false), place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null), path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const outside = ({ target }: Event) => { if (!place.current?.contains(target as Node)) setOpen(false); };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape);
    return () => { document.removeEventListener("pointerdown", outside); document.removeEventListener("keydown", escape); };
  }, [open]);
  return (
    <div className="menu-place" ref={place}>
      <button type="button" className="button menu-button" ref={button} aria-expanded={open} aria-controls="menu"
        onClick={() => setOpen(!open)}>{t("menu")}</button>
      <div id="menu" className="menu" data-open={open || undefined}>{children}</div>
    </div>
  );
}
