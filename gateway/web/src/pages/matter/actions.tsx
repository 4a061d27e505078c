import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query-core";
import { useContext, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Button } from "suomifi-ui-components";

import { useKeys } from "../../app/keys";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import type { Field, Values } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { Problem } from "../../ui/problem";
import { More, type Entry } from "./more";
import { ordered, type Rules } from "./order";
import { StepPlace } from "./stepplace";

// Step is the form of a step. A step without fields is sent at once.
export type Step<M> = Rules<M> & {
  fields?: (matter: M, values: Values) => Field[];
  // The rest of the request, besides request_id, the matter's id and its etag.
  make?: (values: Values, matter: M) => Record<string, unknown>;
  initial?: (matter: M) => Values;
  // The labels of the step and of its form's button for this matter, if they differ from the step's
  // name: keys of the step's texts.
  called?: (matter: M) => string | undefined;
  record?: string;
};

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
  // The page whose texts the steps' labels are keys of.
  texts?: string;
  // Called with the answer after a step.
  changed: (answer: unknown) => void;
  // Steps that are shown elsewhere on the page, beside what they concern.
  elsewhere?: string[];
  // The primary control is elsewhere on the page.
  yields?: boolean;
  // What else the menu offers, in groups.
  more?: Entry[][];
}

const noteOf = (why: string): Field => ({ kind: "note", name: "why", label: "", text: why });

const methodOf = (service: DescService, name: string) =>
  service.methods.find((method) => method.name === name) as DescMethodUnary<DescMessage, DescMessage> | undefined;

// Actions shows the steps that are allowed now: the primary one, a few beside it, and a menu. A step's
// form opens in the matter's place for it.
export function Actions<M>({
  matter, naming, etag, service, available, steps, texts = "matter", changed, elsewhere = [], yields = false, more = [],
}: Props<M>) {
  const t = useTexts("matter"), own = useTexts(texts), word = useWords(), { place: formPlace, chosen, why, choose } = useContext(StepPlace);
  const [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false), [taken, setTaken] = useState<string>();
  const [led, setLed] = useState<string>();
  const place = useRef<HTMLElement>(null), said = useRef<HTMLParagraphElement>(null), left = useRef<string>(undefined);
  const allowed = available.filter((name) => methodOf(service, name) && !elsewhere.includes(name));
  const { primary, beside, more: usual, last } = ordered(allowed, steps, matter, yields);
  const called = (name: string) => { const key = steps[name]?.called?.(matter); return key ? own(key) : word(name); };
  const open = chosen !== undefined && allowed.includes(chosen) ? chosen : undefined;
  // After a step the focus is on the confirmation; after a cancellation, on the step's button or the menu.
  useEffect(() => { if (taken) said.current?.focus(); }, [taken]);
  useEffect(() => {
    if (chosen || !left.current) return;
    place.current?.querySelector<HTMLElement>(`[data-step="${left.current}"], [data-more]`)?.focus();
    left.current = undefined;
  }, [chosen]);
  const send = async (name: string, request: MessageShape<DescMessage>) =>
    changed(await callUnaryMethod(transport, methodOf(service, name)!, request));
  const request = (name: string, requestId: string, rest: Record<string, unknown> = {}): MessageInitShape<DescMessage> => {
    const hasEtag = methodOf(service, name)!.input.fields.some((field) => field.localName === "etag");
    return { requestId, ...naming, ...(hasEtag ? { etag } : {}), ...rest } as MessageInitShape<DescMessage>;
  };
  const take = async (name: string) => {
    if (busy) return;
    setError(undefined);
    setTaken(undefined);
    setLed(undefined);
    if (steps[name]?.fields || steps[name]?.sure) return choose(name);
    setBusy(true);
    await callUnaryMethod(transport, methodOf(service, name)!, request(name, crypto.randomUUID()))
      .then((answer) => { changed(answer); setTaken(name); }, setError);
    setBusy(false);
  };
  // A key takes no step: it leads to the step's button, and says what Enter does there.
  const lead = (...beginnings: string[]) => () => {
    const name = [primary, ...beside].find((one) => one && beginnings.some((beginning) => one.startsWith(beginning)));
    if (!name || chosen || busy) return;
    place.current?.querySelector<HTMLElement>(`[data-step="${name}"]`)?.focus();
    setLed(name);
  };
  const here = (focused: Element) => place.current?.closest("[data-matter]")?.contains(focused) ?? false;
  useKeys({ r: lead("Receive"), t: lead("Take", "Accept") }, here);
  const entry = (name: string): Entry => ({ key: name, text: called(name), data: { "data-step": name }, choose: () => void take(name) });
  const sure = open && sureOf(steps[open], matter), record = open && steps[open]?.record;
  if (!allowed.length && !taken && !more.flat().length) return null;
  return (
    <section className="actions" aria-label={t("actions")} ref={place}>
      <Problem error={error} />
      {/* The focus moves here, so that a screen reader reads that the step was recorded. */}
      {taken && <p ref={said} tabIndex={-1} className="taken" data-taken={taken}>
        <span aria-hidden="true" className="shape">✓</span>
        {t(`done_${taken}`)}
      </p>}
      {!chosen && <div className="buttons">
        {[primary, ...beside].map((name) => name && <Button key={name} type="button" aria-disabled={busy} data-step={name}
          variant={name === primary ? "default" : "secondary"} onClick={() => void take(name)} onBlur={() => setLed(undefined)}>
            {steps[name]?.soon?.(matter) && <span aria-hidden="true" className="shape">!</span>}
            {called(name)}
          </Button>)}
        <More groups={[usual.map(entry), ...more, last.map(entry)]} />
      </div>}
      <div role="status">{led && <p className="led quiet" data-led={led}>{t("enterTakes", { step: called(led) })}</p>}</div>
      {open && formPlace && createPortal(
        <StepForm key={open} draft={`${open} ${Object.values(naming).join()}`} texts={texts} title={called(open)}
          schema={methodOf(service, open)!.input}
          fields={(values) => [...(why ? [noteOf(why)] : []), ...(steps[open]?.fields?.(matter, values) ?? [])]}
          initial={steps[open]?.initial?.(matter)}
          make={(values, requestId) => request(open, requestId, steps[open]?.make?.(values, matter))}
          send={(message) => send(open, message)} done={() => { choose(undefined); setTaken(open); }}
          cancel={() => { left.current = open; choose(undefined); }} sure={sure && own(sure)}
          sendLabel={record ? own(record) : word(open)} />,
        formPlace,
      )}
    </section>
  );
}
