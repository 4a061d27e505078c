import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { refusalOf, unreachable } from "../../app/refusal";
import { Problem } from "../../ui/problem";

interface Props {
  // The name of the decision; the request's id is stored under it until it was sent.
  name: string;
  title: string;
  // The consequences, shown before the decision.
  children: ReactNode;
  label: string;
  // Shows the missing fields, and stops the sending if there are any.
  missing?: () => boolean;
  send: (requestId: string) => Promise<unknown>;
  done: () => void;
  cancel: () => void;
}

// A failed request may have taken effect in part: a retry with the same id completes it.
const again = new Set([unreachable, "UNAVAILABLE", "BUSY"]);

// Ask explains a decision of the client, and asks for confirmation before it is sent.
export function Ask({ name, title, children, label, missing, send, done, cancel }: Props) {
  const t = useTexts("own"), [draft, change, forget] = useDraft(`own ${name}`, { requestId: "" });
  const [asked, ask] = useState(false), [sending, setSending] = useState(false), [error, setError] = useState<unknown>();
  const heading = useRef<HTMLHeadingElement>(null), sure = useRef<HTMLParagraphElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => { if (asked) sure.current?.focus(); }, [asked]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    if (missing?.()) return ask(false);
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
