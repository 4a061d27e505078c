import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import { FieldList, focusIn } from "./fieldlist";
import { shownOf, type Field, type Values } from "./fields";
import { useSubmission } from "./submission";
import formTexts from "../../texts/form.json";
import "./form.css";

addTexts("form", formTexts);

interface Props<T extends DescMessage> {
  // The key of the draft: one form of one matter. Without one, nothing that is typed is stored.
  draft?: string;
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

// StepForm renders the form of a step. It checks the server's rules before sending, shows errors
// beside their fields, and keeps the draft until the request has arrived.
export function StepForm<T extends DescMessage>({
  draft: name, texts, title, heading: Heading = "h3", schema, fields, initial, make, send, done, cancel, sendLabel, preview, sure,
}: Props<T>) {
  const t = useTexts("form"), form = useSubmission({ draft: name, schema, initial, make, send }), place = useRef<HTMLFormElement>(null);
  useTitle(Heading === "h1" ? title : undefined);
  const asks = typeof fields === "function" ? fields(form.draft) : fields, shown = shownOf(asks, form.draft);
  // A step without fields has only the confirmation.
  const [asked, ask] = useState(Boolean(sure) && asks.length === 0);
  useEffect(() => focusIn(place.current, ""), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await form.submit(shown, () => {
      if (!sure || asked) return false;
      ask(true);
      return true;
    });
    if (!result) return;
    if (result.sent) {
      form.forget();
      done();
    } else ask(Boolean(sure) && asks.length === 0);
  };
  return (
    <form ref={place} className="step-form" noValidate onSubmit={(event) => void submit(event)} aria-labelledby={`${form.id}title`}
      data-form={schema.name}>
      <Heading id={`${form.id}title`}>{title}</Heading>
      <FieldList form={form} texts={texts} fields={shown} headings={Heading === "h1" ? "h2" : "h4"} />
      {preview?.(form.draft)}
      <div role="alert">{asked && <strong>{sure}</strong>}</div>
      <div className="buttons">
        <Button type="submit" aria-disabled={form.sending} data-send>{asked ? t("sure") : sendLabel ?? t("send")}</Button>
        {asked && asks.length > 0
          ? <Button type="button" variant="secondary" onClick={() => ask(false)} data-again>{t("again")}</Button>
          : cancel && <Button type="button" variant="secondary" onClick={() => { form.forget(); cancel(); }} data-cancel>
            {t("cancel")}
          </Button>}
      </div>
    </form>
  );
}
