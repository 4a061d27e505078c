import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button, ErrorSummary } from "suomifi-ui-components";

import { useDraft } from "../../app/drafts";
import { addTexts, useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { Problem } from "../problem";
import { FieldControl } from "./control";
import { shownOf, type Field, type Values } from "./fields";
import { check, type Wrong } from "./check";
import formTexts from "../../texts/form.json";
import "./form.css";

addTexts("form", formTexts);

interface Props<T extends DescMessage> {
  // Names the draft: one form of one matter.
  draft: string;
  // The texts that the fields' labels are keys of.
  texts: string;
  title: string;
  // A form that is a page of its own has the page's heading.
  heading?: "h1" | "h3";
  schema: T;
  // Told at once, or by what was typed so far.
  fields: Field[] | ((values: Values) => Field[]);
  initial?: Values;
  // make builds the request of what was typed. requestId stays the same until it was
  // sent, so that trying again sends nothing twice.
  make: (values: Values, requestId: string) => MessageInitShape<T>;
  send: (request: MessageShape<T>) => Promise<unknown>;
  done: () => void;
  cancel?: () => void;
  sendLabel?: string;
  // What will be sent, to whom and on which ground; shown above the button.
  preview?: (values: Values) => ReactNode;
  // A step that cannot be undone asks once more.
  sure?: string;
}

// StepForm asks for what a step needs. It is checked by the same rules as at the server
// before it is sent, errors stand beside their fields and in a summary, and what was typed
// is kept until it has arrived.
export function StepForm<T extends DescMessage>({ draft: name, texts, title, heading: Heading = "h3", schema, fields, initial = {}, make, send, done, cancel, sendLabel, preview, sure }: Props<T>) {
  const t = useTexts("form"), own = useTexts(texts);
  const [draft, change, forget] = useDraft<Values>(name, { ...initial, requestId: "" });
  const [wrong, setWrong] = useState<Wrong[]>([]), [error, setError] = useState<unknown>(), [sending, setSending] = useState(false), [asked, ask] = useState(false);
  const summary = useRef<HTMLHeadingElement>(null), form = useRef<HTMLFormElement>(null);
  const shown = shownOf(typeof fields === "function" ? fields(draft) : fields, draft);
  useEffect(() => { form.current?.querySelector<HTMLElement>("input, textarea, [role=radio], button")?.focus(); }, []);
  useEffect(() => { if (wrong.length) summary.current?.focus(); }, [wrong]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const requestId = String(draft.requestId || crypto.randomUUID());
    if (!draft.requestId) change({ requestId });
    const request = create(schema, make(draft, requestId));
    const found = await check(schema, request, shown, draft);
    setError(undefined);
    setWrong(found);
    if (found.length) return;
    if (sure && !asked) return ask(true);
    setSending(true);
    try {
      await send(request);
      forget();
      done();
    } catch (refused) {
      const { fields: bad, reason } = refusalOf(refused);
      setWrong(bad.flatMap(({ field, description }) => shown.filter((one) => [one.name, ...(one.of ?? [])].some((of) => field === of || field.startsWith(`${of}.`) || field.startsWith(`${of}[`))).slice(0, 1).map((one) => ({ name: one.name, text: description, reason }))));
      setError(refused);
      // Refused for what it says: corrected, it is another request.
      change({ requestId: "" });
      ask(false);
    } finally {
      setSending(false);
    }
  };
  const message = (one: Wrong) => (one.key ? t(one.key) : one.text);
  return (
    <form ref={form} className="step-form" noValidate onSubmit={(event) => void submit(event)} aria-label={title} data-form={schema.name}>
      <Heading>{title}</Heading>
      <Problem error={error} focus={wrong.length === 0} />
      {wrong.length > 1 && <ErrorSummary headingRef={summary} headingText={t("wrong")} headingVariant={Heading === "h1" ? "h2" : "h4"} items={wrong.map((one) => ({ text: `${own(shown.find(({ name: of }) => of === one.name)?.label ?? "")}: ${message(one)}`, inputId: `${name}-${one.name}` }))} />}
      {shown.map((field) => {
        const bad = wrong.find((one) => one.name === field.name);
        return <FieldControl key={field.name} id={`${name}-${field.name}`} field={field} texts={texts} values={draft} value={draft[field.name]} change={(value) => change({ [field.name]: value })} wrong={bad && message(bad)} />;
      })}
      {preview?.(draft)}
      {asked && <p role="alert"><strong>{sure}</strong></p>}
      <div className="buttons">
        <Button type="submit" disabled={sending} data-send>{asked ? t("sure") : sendLabel ?? t("send")}</Button>
        {cancel && <Button type="button" variant="secondary" onClick={() => { forget(); cancel(); }}>{t("cancel")}</Button>}
      </div>
    </form>
  );
}
