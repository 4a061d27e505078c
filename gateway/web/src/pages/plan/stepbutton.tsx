import type { DescMessage, DescMethodUnary, Message, MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query-core";
import { createContext, useContext, useEffect, useLayoutEffect, useRef } from "react";
import { Button } from "suomifi-ui-components";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import { StepForm } from "../../ui/form/stepform";
import { sureOf, type Step } from "../matter/actions";
import { StepPlace } from "../matter/stepplace";

// Changed is called after a step. Without it a plan is read-only: no step is shown.
export const Changed = createContext<(() => void) | undefined>(undefined);

const methodOf = (name: string) => PlanService.methods.find((method) => method.name === name) as DescMethodUnary<DescMessage, DescMessage>;

// keyOf identifies a step on a goal or a task among the steps of the page.
export const keyOf = (name: string, of: string) => `${name} ${of}`;

interface Props {
  plan: Plan;
  name: string;
  step: Step<Plan>;
  // The goal or the task: its id and its text, which the button's name says.
  of: string;
  what: string;
  // The step is in the menu, and has no button here.
  inMenu?: boolean;
  // Handles a refusal; if it does, the form shows no error.
  refused?: (error: unknown, request: Message) => boolean;
}

// StepButton shows a step beside the goal or the task that it concerns, with its form in place.
export function StepButton(props: Props) {
  const changed = useContext(Changed);
  return changed && props.plan.availableActions.includes(props.name) ? <Offered {...props} changed={changed} /> : null;
}

function Offered({ plan, name, step, of, what, inMenu, refused, changed }: Props & { changed: () => void }) {
  const word = useWords(), t = useTexts("plan"), place = useRef<HTMLDivElement>(null), { chosen, choose } = useContext(StepPlace);
  const key = keyOf(name, of), open = chosen === key, closed = useRef(false), method = methodOf(name), said = word(name);
  const heading = () => place.current?.closest("[data-part]")?.querySelector<HTMLElement>("[tabindex='-1']")?.focus();
  const close = () => { closed.current = true; choose(undefined); };
  // After the form the focus returns to the button, or to the heading if there is none …
  useEffect(() => {
    if (open || !closed.current) return;
    closed.current = false;
    const button = place.current?.querySelector("button");
    if (button) button.focus(); else heading();
  }, [open]);
  // … as it does if the step is no longer available.
  useLayoutEffect(() => () => { if (place.current?.contains(document.activeElement)) heading(); }, []);
  const sure = sureOf(step, plan);
  if (!open && inMenu) return <div ref={place} className="step" hidden />;
  return (
    <div ref={place} className={open ? "step open" : "step"}>
      {open ? (
        <StepForm draft={[name, plan.planId, of].join("-")} texts="plan" title={said} schema={method.input}
          fields={(values) => step.fields!(plan, values)} initial={step.initial?.(plan)} sure={sure && t(sure)} sendLabel={said}
          make={(values, requestId) => ({ requestId, planId: plan.planId, ...step.make?.(values, plan) }) as MessageInitShape<DescMessage>}
          done={close} cancel={close} send={(message) =>
            callUnaryMethod(transport, method, message).then(changed, (no: unknown) => { if (!refused?.(no, message)) throw no; })} />
      ) : chosen === undefined && <Button type="button" variant="secondary" data-step={name} onClick={() => choose(key)}
        aria-label={t("stepOf", { step: said, what })}>{said}</Button>}
    </div>
  );
}
