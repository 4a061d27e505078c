import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, ErrorSummary } from "suomifi-ui-components";

import { useDraft } from "../../app/drafts";
import { addTexts, useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { useTitle } from "../../app/title";
import { Problem } from "../problem";
import { FieldControl } from "./control";
import { shownOf, type Field, type Values } from "./fields";
import { isUploading } from "./attachments";
import { check, mayHaveArrived, refusedFields, type Wrong } from "./check";
import formTexts from "../../texts/form.json";
import "./form.css";

addTexts("form", formTexts);

interface Props<T extends DescMessage> {
  // The key of the draft: one form of one matter.
  draft: string;
  // The page whose texts the fields' labels are keys of.
  texts: string;
  title: string;
  // A form that is a page of its own has the page's heading.
  heading?: "h1" | "h3";
  schema: T;
  // A fixed list, or computed from the current values.
  fields: Field[] | ((values: Values) => Field[]);
  initial?: Values;
  // make builds the request from the values. requestId stays the same until the request was sent,
  // so that a retry has no second effect.
  make: (values: Values, requestId: string) => MessageInitShape<T>;
  send: (request: MessageShape<T>) => Promise<unknown>;
  done: () => void;
  cancel?: () => void;
  sendLabel?: string;
  // Preview of what will be sent, to whom and on which ground; shown above the button.
  preview?: (values: Values) => ReactNode;
  // An irreversible step asks for confirmation.
  sure?: string;
}

// Refusals whose text says only that a field is wrong.
const general = new Set(["INVALID_FIELD", "LEGAL_BASIS_REQUIRED"]);

const focusable = "input:not([type=hidden]), textarea, select, button";

// StepForm renders the form of a step. It checks the server's rules before sending, shows errors
// beside their fields and in a summary, and keeps the draft until the request has arrived.
export function StepForm<T extends DescMessage>({
  draft: name, texts, title, heading: Heading = "h3", schema, fields, initial = {}, make, send, done, cancel, sendLabel, preview, sure,
}: Props<T>) {
  const t = useTexts("form"), own = useTexts(texts), { t: refusal, i18n } = useTranslation("refusals"), id = useId();
  useTitle(Heading === "h1" ? title : undefined);
  const [draft, change, forget] = useDraft<Values>(name, { ...initial, requestId: "" });
  const asks = typeof fields === "function" ? fields(draft) : fields, shown = shownOf(asks, draft);
  // A step without fields has only the confirmation.
  const [asked, ask] = useState(Boolean(sure) && asks.length === 0);
  const [wrong, setWrong] = useState<Wrong[]>([]), [error, setError] = useState<unknown>(), [sending, setSending] = useState(false);
  const summary = useRef<HTMLHeadingElement>(null), form = useRef<HTMLFormElement>(null);
  // An error of no field focuses the first field of the form.
  const inside = (field: string) =>
    form.current?.querySelector<HTMLElement>(field ? `[data-field="${field}"] :is(${focusable})` : focusable) ?? null;
  useEffect(() => { form.current?.querySelector<HTMLElement>(focusable)?.focus(); }, []);
  useEffect(() => { if (wrong.length) summary.current?.focus(); }, [wrong]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (sending) return;
    const requestId = String(draft.requestId || crypto.randomUUID());
    if (!draft.requestId) change({ requestId });
    const request = create(schema, make(draft, requestId));
    setSending(true);
    setError(undefined);
    try {
      // Wait for attachments that are still uploading.
      const waits = shown.filter((field) => field.kind === "attachments" && isUploading(`${id}${field.name}`))
        .map((field): Wrong => ({ name: field.name, key: "uploadFirst" }));
      const found = waits.length ? waits : await check(schema, request, shown, draft);
      setWrong(found);
      if (found.length) return;
      if (sure && !asked) return ask(true);
      await send(request);
      forget();
      done();
    } catch (refused) {
      setWrong(refusedFields(refusalOf(refused), shown));
      setError(refused);
      // After a refusal the corrected form is a new request. A request that may have arrived keeps
      // its id, so that it has one effect.
      if (!mayHaveArrived(refusalOf(refused))) change({ requestId: "" });
      ask(Boolean(sure) && asks.length === 0);
    } finally {
      setSending(false);
    }
  };
  // Drop errors of fields that no longer apply.
  const remaining = wrong.filter((one) => !one.name || shown.some(({ name: of }) => of === one.name));
  const named = (one: Wrong) =>
    (one.name ? labelOf(shown.find(({ name: of }) => of === one.name)) : t("elsewhere", { path: one.path }));
  const message = ({ key, reason, text }: Wrong) =>
    (key ? t(key) : reason && i18n.exists(`refusals:${reason}`) ? refusal(reason) : text ?? t("invalid"));
  const labelOf = (field?: Field) => (field?.label ? own(field.label) : "");
  return (
    <form ref={form} className="step-form" noValidate onSubmit={(event) => void submit(event)} aria-labelledby={`${id}title`}
      data-form={schema.name}>
      <Heading id={`${id}title`}>{title}</Heading>
      {/* The general message is omitted if the summary names the field. */}
      <Problem error={remaining.length > 0 && general.has(refusalOf(error).reason) ? undefined : error} focus={wrong.length === 0} />
      {remaining.length > 0 && <ErrorSummary headingRef={summary} headingText={t("wrong")} headingVariant={Heading === "h1" ? "h2" : "h4"}
        items={remaining.map((one) => ({
          text: `${named(one)}: ${message(one)}`,
          inputRef: { get current() { return inside(one.name)!; } },
        }))} />}
      {shown.map((field) => {
        const bad = wrong.find((one) => one.name === field.name);
        return <div key={field.name} data-field={field.name}><FieldControl id={`${id}${field.name}`} field={field} texts={texts}
          values={draft} value={draft[field.name]} change={(value) => change({ [field.name]: value })} wrong={bad && message(bad)} /></div>;
      })}
      {preview?.(draft)}
      <div role="alert">{asked && <strong>{sure}</strong>}</div>
      <div className="buttons">
        <Button type="submit" aria-disabled={sending} data-send>{asked ? t("sure") : sendLabel ?? t("send")}</Button>
        {asked && asks.length > 0
          ? <Button type="button" variant="secondary" onClick={() => ask(false)} data-again>{t("again")}</Button>
          : cancel && <Button type="button" variant="secondary" onClick={() => { forget(); cancel(); }} data-cancel>{t("cancel")}</Button>}
      </div>
    </form>
  );
}
