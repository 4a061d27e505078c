import { useContext } from "react";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { Actions } from "../matter/actions";
import type { Entry } from "../matter/more";
import { StepPlace } from "../matter/stepplace";
import { keyOf } from "./stepbutton";
import { planSteps } from "./steps";
import { useJoinedUnits } from "./units";

// These have a form beside the goal or the task that they concern.
const elsewhere = ["UpdateGoal", "AssessGoal", "CompleteAction", "ReassignAction"];

// PlanActions offers the steps on a plan: one is primary, and the menu has the others with what can be
// changed of each goal and task.
export function PlanActions({ plan, emptied, changed }: { plan: Plan; emptied: boolean; changed: () => void }) {
  const t = useTexts("plan"), word = useWords(), me = usePerson(), now = useNow(), units = useJoinedUnits(plan);
  const { choose } = useContext(StepPlace), review = dateOf(plan.nextReviewAt);
  const goals = plan.goals.map(({ goalId, text }) => ({ value: goalId, ready: text }));
  const tasks = plan.actions.filter(({ completedAt }) => !completedAt).map(({ actionId, text }) => ({ value: actionId, ready: text }));
  const ofEach = (name: string, parts: typeof goals): Entry[] => (plan.availableActions.includes(name) ? parts.map(({ value, ready }) => ({
    key: keyOf(name, value), text: t("stepOf", { step: word(name), what: ready }), data: { "data-step": name },
    choose: () => choose(keyOf(name, value)),
  })) : []);
  const print = { key: "print", text: t("print"), data: { "data-print": "" }, choose: () => window.print() };
  return (
    <Actions matter={plan} naming={{ planId: plan.planId }} etag={plan.etag} service={PlanService} texts="plan"
      available={plan.availableActions} changed={changed} elsewhere={elsewhere}
      steps={planSteps({ units, goals, me, reviewDue: review !== undefined && review <= now })}
      more={emptied ? [] : [[...ofEach("UpdateGoal", goals), ...ofEach("ReassignAction", tasks)], [print]]} />
  );
}
