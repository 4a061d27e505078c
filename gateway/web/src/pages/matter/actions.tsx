import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query-core";
import { useEffect, useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import { useKeys } from "../../app/keys";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import type { Field, Values } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { idOf } from "../../ui/names";
import { Problem } from "../../ui/problem";

// Step is the form of a step. A step without fields is sent at once.
export interface Step<M> {
  fields?: (matter: M) => Field[];
  // The rest of the request, besides request_id, the matter's id and its etag.
  make?: (values: Values, matter: M) => Record<string, unknown>;
  initial?: (matter: M) => Values;
  // A rare or final step asks for confirmation: a key of the matter's texts.
  sure?: string | ((matter: M) => string);
  // A rare step comes after the others, and is less prominent.
  rare?: boolean | ((matter: M) => boolean);
  // The labels of the step and of its form's button for this matter, if they differ from the step's
  // name: keys of the matter's texts.
  called?: (matter: M) => string | undefined;
  record?: string;
  // While this holds, the step is beside the primary step, and highlighted.
  soon?: (matter: M) => boolean;
}

// sureOf returns the confirmation text of a step for this matter.
export const sureOf = <M,>(step: Step<M> | undefined, matter: M) => (typeof step?.sure === "function" ? step.sure(matter) : step?.sure);

export type Steps<M> = Record<string, Step<M>>;

interface Props<M> {
  matter: M;
  // The matter's id in requests: { concernId: "…" }.
  naming: Record<string, string>;
  etag?: string;
  service: DescService;
  available: string[];
  steps: Steps<M>;
  // Called with the answer after a step.
  changed: (answer: unknown) => void;
  // Steps that are shown elsewhere on the page, beside what they concern.
  elsewhere?: string[];
}

const methodOf = (service: DescService, name: string) =>
  service.methods.find((method) => method.name === name) as DescMethodUnary<DescMessage, DescMessage> | undefined;

// Actions shows the steps that are allowed now, the primary one first. A step's form opens below
// them.
export function Actions<M>({ matter, naming, etag, service, available, steps, changed, elsewhere = [] }: Props<M>) {
  const t = useTexts("matter"), word = useWords(), [open, setOpen] = useState<string>(), [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false), [taken, setTaken] = useState<string>();
  const place = useRef<HTMLElement>(null), said = useRef<HTMLParagraphElement>(null), left = useRef<string>(undefined);
  const allowed = available.filter((name) => methodOf(service, name) && !elsewhere.includes(name));
  const isRare = (name: string) => { const rare = steps[name]?.rare; return typeof rare === "function" ? rare(matter) : Boolean(rare); };
  const isSoon = (name: string) => steps[name]?.soon?.(matter) ?? false;
  const [likely, ...rest] = allowed.filter((name) => !isSoon(name) && !isRare(name)), soon = allowed.filter(isSoon);
  const names = [...(likely ? [likely] : []), ...soon, ...rest, ...allowed.filter((name) => !isSoon(name) && isRare(name))];
  const called = (name: string) => { const own = steps[name]?.called?.(matter); return own ? t(own) : word(name); };
  // After a step the focus is on the confirmation; after a cancellation, on the button.
  useEffect(() => { if (taken) said.current?.focus(); }, [taken]);
  useEffect(() => {
    if (open || !left.current) return;
    place.current?.querySelector<HTMLElement>(`[data-step="${left.current}"]`)?.focus();
    left.current = undefined;
  }, [open]);
  const send = async (name: string, request: MessageShape<DescMessage>) =>
    changed(await callUnaryMethod(transport, methodOf(service, name)!, request));
  const request = (name: string, requestId: string, rest: Record<string, unknown> = {}): MessageInitShape<DescMessage> => {
    const hasEtag = methodOf(service, name)!.input.fields.some((field) => field.localName === "etag");
    return { requestId, ...naming, ...(hasEtag ? { etag } : {}), ...rest } as MessageInitShape<DescMessage>;
  };
  const take = async (name: string) => {
    setError(undefined);
    setTaken(undefined);
    if (steps[name]?.fields || steps[name]?.sure) return setOpen(name);
    setBusy(true);
    await callUnaryMethod(transport, methodOf(service, name)!, request(name, crypto.randomUUID()))
      .then((answer) => { changed(answer); setTaken(name); }, setError);
    setBusy(false);
  };
  const first = (...beginnings: string[]) => names.find((name) => beginnings.some((beginning) => name.startsWith(beginning)));
  const press = (...beginnings: string[]) => () => { const name = first(...beginnings); if (name && !open && !busy) void take(name); };
  // A key starts a step only if the focus is on this matter, or on its row in the list.
  const here = (focused: Element) => {
    const matter = place.current?.closest<HTMLElement>("[data-matter]"), row = focused.closest<HTMLElement>("a.row")?.dataset.subject;
    return Boolean(matter && (matter.contains(focused) || (row && idOf(row) === matter.dataset.matter)));
  };
  useKeys({ r: press("Receive"), t: press("Take", "Accept") }, here);
  const sure = open && sureOf(steps[open], matter), record = open && steps[open]?.record;
  const variant = (name: string, index: number) =>
    (isRare(name) && !isSoon(name) ? "secondaryNoBorder" : index === 0 ? "default" : "secondary");
  if (!names.length && !taken) return null;
  return (
    <section className="actions" aria-label={t("actions")} ref={place}>
      <Problem error={error} />
      {/* The focus moves here, so that a screen reader reads that the step was recorded. */}
      {taken && <p ref={said} tabIndex={-1} className="taken" data-taken={taken}>
        <span aria-hidden="true" className="shape">✓</span>
        {t(`done_${taken}`)}
      </p>}
      {!open && <div className="buttons">
        {names.map((name, index) => <Button key={name} type="button" aria-disabled={busy} variant={variant(name, index)} data-step={name}
          onClick={() => { if (!busy) void take(name); }}>
            {isSoon(name) && <span aria-hidden="true" className="shape">!</span>}
            {called(name)}
          </Button>)}
      </div>}
      {open && methodOf(service, open) && (
        <StepForm key={open} draft={`${open} ${Object.values(naming).join()}`} texts="matter" title={called(open)}
          schema={methodOf(service, open)!.input} fields={steps[open]?.fields?.(matter) ?? []} initial={steps[open]?.initial?.(matter)}
          make={(values, requestId) => request(open, requestId, steps[open]?.make?.(values, matter))}
          send={(message) => send(open, message)} done={() => { setOpen(undefined); setTaken(open); }}
          cancel={() => { left.current = open; setOpen(undefined); }} sure={sure && t(sure)} sendLabel={record ? t(record) : word(open)} />
      )}
    </section>
  );
}
