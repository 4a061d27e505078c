import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { useLocation, useNavigate, useParams, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, type FormEvent, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";

import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import { FieldList, focusIn } from "../../ui/form/fieldlist";
import { shownOf, type Field, type Values } from "../../ui/form/fields";
import { useSubmission, type Sending } from "../../ui/form/submission";
import type { Sent } from "./receipt";
import formTexts from "../../texts/form.json";
import "../../ui/form/form.css";

addTexts("form", formTexts);

// GuidePage is one page of a guided form, with its heading's key.
export interface GuidePage { name: string; heading: string; fields: Field[] }

type Props<T extends DescMessage> = Omit<Sending<T>, "send"> & {
  title: string;
  pages: (values: Values) => GuidePage[];
  sendLabel: string;
  // Preview of what will be sent, on the last page.
  preview: (values: Values) => ReactNode;
  // send returns what the receipt tells.
  send: (request: MessageShape<T>) => Promise<Sent>;
  arrived: (sent: Sent) => void;
};

const missing = ({ required, name }: Field, values: Values) => required === true
  && (Array.isArray(values[name]) ? values[name].length === 0 : !values[name]);

// usePages keeps the number of the form's page in the address: the browser's back button returns to
// the page before.
function usePages() {
  const navigate = useNavigate(), { history } = useRouter(), { what } = useParams({ strict: false }) as { what: string };
  const { from, page = 1, about } = useSearch({ strict: false }) as { from?: string; page?: number; about?: "child" };
  const before = useLocation({ select: ({ state }) => state.before });
  const turn = (to: number, state: { before?: number } = {}, replace = false) => void navigate({
    to: "/new/$what", params: { what }, search: { from, about, page: to > 1 ? to : undefined }, state, replace,
  });
  return {
    page,
    next: () => turn(page + 1, { before: page }),
    // back does as the browser's button if that leads to the page before.
    back: () => { if (before === page - 1) history.back(); else turn(page - 1, {}, true); },
    turn: (to: number) => turn(to),
  };
}

declare module "@tanstack/react-router" {
  // The page of the form that is before this one in the browser's history.
  interface HistoryState { before?: number }
}

// GuidedForm asks for a new matter in short pages. Each page is checked by the contract's rules when
// it is left; what was typed is kept as a draft.
export function GuidedForm<T extends DescMessage>({ title, pages: pagesOf, sendLabel, preview, send, arrived, ...sending }: Props<T>) {
  const t = useTexts("new"), sent = useRef<Sent>(undefined);
  const form = useSubmission({ ...sending, send: async (request) => { sent.current = await send(request); } });
  const { page, next, back, turn } = usePages();
  const place = useRef<HTMLFormElement>(null), heading = useRef<HTMLHeadingElement>(null), before = useRef(0);
  const pages = pagesOf(form.draft).map((one) => ({ ...one, fields: shownOf(one.fields, form.draft) }));
  // A page is shown once the pages before it are filled in.
  const open = pages.findIndex(({ fields }) => fields.some((field) => missing(field, form.draft)));
  const at = Math.min(page, open < 0 ? pages.length : open + 1, pages.length), shown = pages[at - 1]!, last = at === pages.length;
  useTitle(title);
  useTitle(at > 1 ? t(shown.heading) : undefined, 1);
  useEffect(() => {
    const first = before.current === 0, wrong = form.wrong.some(({ name }) => shown.fields.some((field) => field.name === name));
    before.current = at;
    if (first) focusIn(place.current, shown.fields[0]?.name ?? "");
    else if (!wrong) heading.current?.focus();
  }, [at]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!last) {
      if ((await form.passes(shown.fields)).length === 0) next();
      return;
    }
    const result = await form.submit(pages.flatMap(({ fields }) => fields));
    if (!result) return;
    if (result.sent) {
      arrived(sent.current!);
      form.forget();
      return;
    }
    // What is wrong on a page before is shown there.
    const wrong = pages.findIndex(({ fields }) => fields.some(({ name }) => result.wrong.some((one) => one.name === name)));
    if (wrong >= 0 && wrong + 1 !== at) turn(wrong + 1);
  };
  return (
    <form ref={place} className="step-form guided" noValidate onSubmit={(event) => void submit(event)} aria-labelledby={`${form.id}title`}
      data-form={sending.schema.name} data-page={at} data-pages={pages.length}>
      <h1 id={`${form.id}title`} ref={heading} tabIndex={-1}>
        <small>{title} · {t("pageOf", { page: at, pages: pages.length })}</small> {t(shown.heading)}
      </h1>
      <FieldList key={shown.name} form={form} texts="new" fields={shown.fields} headings="h2" />
      {last && preview(form.draft)}
      <div className="buttons">
        {last ? <Button type="submit" aria-disabled={form.sending} data-send>{sendLabel}</Button>
          : <Button type="submit" data-next>{t("next")}</Button>}
        {at > 1 && <Button type="button" variant="secondary" onClick={back} data-back>{t("back")}</Button>}
      </div>
    </form>
  );
}
