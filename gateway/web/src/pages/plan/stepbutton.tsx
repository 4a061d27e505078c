import type { DescMessage, DescMethodUnary, Message, MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query-core";
import { createContext, useContext, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import { StepForm } from "../../ui/form/stepform";
import { Problem } from "../../ui/problem";
import { sureOf, type Step } from "../matter/actions";

// Changed is called after a step. Without it a plan is read-only: no step is shown.
export const Changed = createContext<(() => void) | undefined>(undefined);

const methodOf = (name: string) => PlanService.methods.find((method) => method.name === name) as DescMethodUnary<DescMessage, DescMessage>;

interface Props {
  plan: Plan;
  name: string;
  step: Step<Plan>;
  // Distinguishes buttons of one step: a goal's or an action's id.
  of?: string;
  label?: string;
  first?: boolean;
  // Handles a refusal; if it does, the form shows no error.
  refused?: (error: unknown, request: Message) => boolean;
}

// StepButton shows one step beside what it concerns, with its form in place.
export function StepButton(props: Props) {
  const changed = useContext(Changed);
  return changed && props.plan.availableActions.includes(props.name) ? <Offered {...props} changed={changed} /> : null;
}

function Offered({ plan, name, step, of = "", label, first, refused, changed }: Props & { changed: () => void }) {
  const word = useWords(), t = useTexts("plan"), place = useRef<HTMLDivElement>(null), button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false), [error, setError] = useState<unknown>(), busy = useRef(false), closed = useRef(false);
  const method = methodOf(name), said = label ?? word(name);
  const request = (requestId: string, rest = {}) => ({ requestId, planId: plan.planId, ...rest }) as MessageInitShape<DescMessage>;
  const take = async () => {
    setError(undefined);
    if (step.fields) return setOpen(true);
    // Not disabled while sending: that would take the focus away.
    if (busy.current) return;
    busy.current = true;
    await callUnaryMethod(transport, method, request(crypto.randomUUID())).then(changed, setError);
    busy.current = false;
  };
  const close = () => { closed.current = true; setOpen(false); };
  // After the form the focus returns to the button …
  useEffect(() => { if (!open && closed.current) { closed.current = false; button.current?.focus(); } }, [open]);
  // … and if the step is no longer available, to the heading above it.
  useLayoutEffect(() => () => {
    if (place.current?.contains(document.activeElement)) place.current.closest("section")
      ?.querySelector<HTMLElement>("[tabindex='-1']")
      ?.focus();
  }, []);
  const sure = sureOf(step, plan);
  return (
    <div ref={place} className={open ? "step open" : "step"}>
      <Problem error={error} />
      {open ? (
        <StepForm draft={[name, plan.planId, of].filter(Boolean).join("-")} texts="plan" title={said} schema={method.input}
          fields={step.fields!(plan)} initial={step.initial?.(plan)} sure={sure && t(sure)} sendLabel={said}
          make={(values, requestId) => request(requestId, step.make?.(values, plan))} done={close} cancel={close}
          send={(message) =>
            callUnaryMethod(transport, method, message).then(changed, (no: unknown) => { if (!refused?.(no, message)) throw no; })} />
      ) : <Button ref={button} type="button" variant={first ? "default" : "secondary"} data-step={name} onClick={() => void take()}>
        {said}
      </Button>}
    </div>
  );
}
