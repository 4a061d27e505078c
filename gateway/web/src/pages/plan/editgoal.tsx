import { createClient } from "@connectrpc/connect";
import { useContext, useEffect, useRef, useState } from "react";
import { Button, Textarea } from "suomifi-ui-components";

import { PlanService, type UpdateGoalRequest } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Goal, Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { transport } from "../../app/transport";
import { Problem } from "../../ui/problem";
import { Changed, StepButton } from "./stepbutton";
import { updateGoal } from "./steps";

const stale = (error: unknown) => refusalOf(error).reason === "STALE_ETAG";

// EditGoal changes a goal's text. If somebody else changed it meanwhile, neither text is lost: both
// are shown, and the user chooses.
export function EditGoal({ plan, goal }: { plan: Plan; goal: Goal }) {
  const changed = useContext(Changed), [{ mine }, keep, forget] = useDraft(`conflict ${goal.goalId}`, { mine: "" });
  if (!changed) return null;
  if (mine) return (
    <Conflict plan={plan} goal={goal} mine={mine} type={(typed) => keep({ mine: typed })} changed={changed} settled={forget} />
  );
  return (
    <StepButton plan={plan} name="UpdateGoal" of={goal.goalId} what={goal.text} inMenu step={updateGoal(goal)}
      refused={(error, request) => {
      if (!stale(error)) return false;
      keep({ mine: (request as UpdateGoalRequest).text });
      changed();
      return true;
    }} />
  );
}

interface ConflictProps { plan: Plan; goal: Goal; mine: string; type: (text: string) => void; changed: () => void; settled: () => void }

function Conflict({ plan, goal, mine, type, changed, settled }: ConflictProps) {
  const t = useTexts("plan"), heading = useRef<HTMLHeadingElement>(null), [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useEffect(() => heading.current?.focus(), []);
  const leave = () => {
    heading.current?.closest("section")?.querySelector<HTMLElement>(".goal-text")?.focus();
    settled();
  };
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await createClient(PlanService, transport)
        .updateGoal({ requestId: crypto.randomUUID(), planId: plan.planId, goalId: goal.goalId, text: mine, etag: goal.etag });
      changed();
      leave();
    } catch (refused) {
      setError(refused);
      // Changed once more: the current text is read again, and shown above.
      if (stale(refused)) changed();
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="conflict" data-conflict>
      <h4 ref={heading} tabIndex={-1}>{t("conflict")}</h4>
      <p>{t("conflictWhat")}</p>
      <Problem error={error} />
      <h5>{t("theirs")}</h5>
      <blockquote dir="auto" data-theirs>{goal.text}</blockquote>
      <Textarea dir="auto" labelText={t("mine")} value={mine} onChange={(event) => type(event.target.value)} fullWidth />
      <div className="buttons">
        <Button type="button" variant="secondary" disabled={busy} data-keep="theirs" onClick={leave}>{t("keepTheirs")}</Button>
        <Button type="button" variant="secondary" disabled={busy || !mine.trim()} data-keep="mine" onClick={() => void save()}>
          {t("keepMine")}
        </Button>
      </div>
    </div>
  );
}
