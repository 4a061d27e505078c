import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { addTexts, useTexts } from "../app/language";
import texts from "../texts/who.json";
import { Problem } from "./problem";
import "./reveal.css";

addTexts("who", texts);

interface Props<T> {
  // The value of the element's data-reveal attribute.
  name: string;
  label: string;
  hint: string;
  read: () => Promise<T>;
  children: (read: T, again: () => void) => ReactNode;
}

// Reveal reads personal data, a recorded reading, only on request. Hiding discards the data.
export function Reveal<T>({ name, label, hint, read, children }: Props<T>) {
  const t = useTexts("who"), [found, setFound] = useState<T>(), [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false);
  const shown = useRef<HTMLDivElement>(null), button = useRef<HTMLDivElement>(null), hidden = useRef(false);
  const show = async () => {
    setError(undefined);
    setBusy(true);
    await read().then(setFound, setError);
    setBusy(false);
  };
  useEffect(() => {
    if (found !== undefined) shown.current?.focus();
    else if (hidden.current) button.current?.querySelector("button")?.focus();
  }, [found === undefined]);
  const hide = () => { hidden.current = true; setFound(undefined); };
  return (
    <div className="reveal" data-reveal={name}>
      <Problem error={error} />
      {found === undefined
        ? <div ref={button}>
          <Button type="button" variant="secondaryNoBorder" aria-disabled={busy} onClick={() => { if (!busy) void show(); }}
            aria-describedby={`reveal-${name}`}>{label}</Button>
          <p id={`reveal-${name}`} className="quiet hint">{hint}</p>
        </div>
        : <div ref={shown} tabIndex={-1} role="group" aria-label={label} className="revealed">
          {children(found, () => void show())}
          <button type="button" className="plain screen-only" onClick={hide}>{t("hide")}<span className="hidden"> {label}</span></button>
        </div>}
    </div>
  );
}
