import type { DescMessage } from "@bufbuild/protobuf";
import type { FormEvent, ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { addTexts } from "../../app/language";
import { FieldList } from "../../ui/form/fieldlist";
import { shownOf, type Field, type Values } from "../../ui/form/fields";
import { useSubmission, type Sending, type Submission } from "../../ui/form/submission";
import formTexts from "../../texts/form.json";
import "../../ui/form/form.css";

addTexts("form", formTexts);

type Props<T extends DescMessage> = Sending<T> & {
  name: string;
  label: string;
  fields: (values: Values) => Field[];
  saveLabel: string;
  saved: () => void;
  // What stands above the fields, and below the button.
  before?: (form: Submission) => ReactNode;
  hint?: ReactNode | ((form: Submission) => ReactNode);
  // Its button is the primary one of the page.
  primary?: boolean;
};

// CardForm is a part of a card, which is saved alone.
export function CardForm<T extends DescMessage>({ name, label, fields, saveLabel, saved, before, hint, primary, ...sending }: Props<T>) {
  const form = useSubmission(sending), shown = shownOf(fields(form.draft), form.draft);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await form.submit(shown);
    if (!result?.sent) return;
    form.forget();
    saved();
  };
  const said = typeof hint === "function" ? hint(form) : hint;
  return (
    <form className="card-form" noValidate onSubmit={(event) => void submit(event)} aria-label={label} data-card-form={name}>
      {before?.(form)}
      <FieldList form={form} texts="matter" fields={shown} headings="h4" />
      {said && <p className="quiet">{said}</p>}
      <div className="buttons">
        <Button type="submit" variant={primary ? "default" : "secondary"} aria-disabled={form.sending} data-save>{saveLabel}</Button>
      </div>
    </form>
  );
}
