import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { refusalOf, unreachable } from "../../app/refusal";
import { Problem } from "../../ui/problem";

interface Props {
  // Names what is asked; the request's id is kept by it until it was sent.
  name: string;
  title: string;
  // What then happens, said before.
  children: ReactNode;
  label: string;
  // Where something is missing: shows it, and stops.
  lacking?: () => boolean;
  send: (requestId: string) => Promise<unknown>;
  done: () => void;
  cancel: () => void;
}

// What failed on its way may have arrived in part: the same request again completes it.
const again = new Set([unreachable, "UNAVAILABLE", "BUSY"]);

// Ask says what a decision of the client means, and asks once more before it is carried out.
export function Ask({ name, title, children, label, lacking, send, done, cancel }: Props) {
  const t = useTexts("own"), [draft, change, forget] = useDraft(`own ${name}`, { requestId: "" });
  const [asked, ask] = useState(false), [sending, setSending] = useState(false), [error, setError] = useState<unknown>();
  const heading = useRef<HTMLHeadingElement>(null), sure = useRef<HTMLParagraphElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => { if (asked) sure.current?.focus(); }, [asked]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    if (lacking?.()) return ask(false);
    if (!asked) return ask(true);
    const requestId = draft.requestId || crypto.randomUUID();
    change({ requestId });
    setSending(true);
    try {
      await send(requestId);
      forget();
      done();
    } catch (refused) {
      if (!again.has(refusalOf(refused).reason)) change({ requestId: "" });
      setError(refused);
      ask(false);
    } finally {
      setSending(false);
    }
  };
  return (
    <form className="ask" noValidate aria-label={title} data-ask={name.split(" ")[0]} onSubmit={(event) => void submit(event)}>
      <h4 tabIndex={-1} ref={heading}>{title}</h4>
      <Problem error={error} />
      {children}
      {asked && <p tabIndex={-1} ref={sure}><strong>{t("reallySure")}</strong></p>}
      <div className="buttons">
        <Button type="submit" disabled={sending} data-send>{asked ? t("yes") : label}</Button>
        <Button type="button" variant="secondary" disabled={sending} onClick={() => { forget(); cancel(); }}>{t("cancel")}</Button>
      </div>
    </form>
  );
}
