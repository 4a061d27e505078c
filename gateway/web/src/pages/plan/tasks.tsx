import { create } from "@bufbuild/protobuf";
import { Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

import { LoopStatusSchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Action, Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day } from "../../ui/dates";
import { DueMark } from "../../ui/marks";
import { usePartyName } from "../../ui/party";
import { valueOf } from "./parties";
import { StepButton } from "./stepbutton";
import { completeAction, reassignAction } from "./steps";
import { useJoinedUnits } from "./units";

const sooner = (a: Action, b: Action) => (dateOf(a.dueAt)?.getTime() ?? 0) - (dateOf(b.dueAt)?.getTime() ?? 0);

interface Group { key: string; owner?: Party; actions: Action[] }

// byOwner groups the actions by owner, the owner of the next due action first.
export function byOwner(actions: Action[]): Group[] {
  const groups = new Map<string, Group>();
  for (const action of actions.filter(({ completedAt }) => !completedAt).sort(sooner)) {
    const key = action.owner ? `${valueOf(action.owner)}/${action.owner.worker}` : "";
    const group = groups.get(key) ?? { key, owner: action.owner, actions: [] };
    group.actions.push(action);
    groups.set(key, group);
  }
  return [...groups.values()];
}

// Tasks lists the actions for the goals: by whom, and until when.
export function Tasks({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), name = usePartyName();
  const done = plan.actions.filter(({ completedAt }) => completedAt), groups = byOwner(plan.actions);
  return (
    <section aria-labelledby="plan-tasks" className="plan-tasks">
      <h3 id="plan-tasks" tabIndex={-1}>{t("tasks")}</h3>
      {!groups.length && <p className="quiet">{t(done.length ? "allDone" : "noTasks")}</p>}
      {groups.map(({ key, owner, actions }) => (
        <div key={key} className="owner">
          <h4>{name(owner)}</h4>
          <ul>{actions.map((action) => <Task key={action.actionId} action={action} plan={plan} />)}</ul>
        </div>
      ))}
      {done.length > 0 && (
        <Expander>
          <ExpanderTitleButton>{t("done", { count: done.length })}</ExpanderTitleButton>
          <ExpanderContent><ul>{done.map((action) => <Done key={action.actionId} action={action} />)}</ul></ExpanderContent>
        </Expander>
      )}
    </section>
  );
}

function Task({ action, plan }: { action: Action; plan: Plan }) {
  const t = useTexts("plan"), units = useJoinedUnits(plan), goal = plan.goals.find(({ goalId }) => goalId === action.goalId);
  return (
    <li className="task" data-action={action.actionId} data-part>
      <p tabIndex={-1}>
        <span aria-hidden="true" className="shape">○</span>
        <strong dir="auto">{action.text}</strong>{" "}
        <DueMark status={create(LoopStatusSchema, { dueAt: action.dueAt, overdue: action.overdue })} />
      </p>
      {goal && plan.goals.length > 1 && <p className="quiet">{t("forThisGoal", { goal: goal.text })}</p>}
      <div className="task-steps">
        <StepButton plan={plan} name="CompleteAction" of={action.actionId} what={action.text} step={completeAction(action)} />
        <StepButton plan={plan} name="ReassignAction" of={action.actionId} what={action.text} inMenu step={reassignAction(action, units)} />
      </div>
    </li>
  );
}

function Done({ action }: { action: Action }) {
  const t = useTexts("plan"), name = usePartyName();
  return (
    <li className="task">
      <p>
        <span aria-hidden="true" className="shape">●</span>
        <strong dir="auto">{action.text}</strong>{" "}
        <span className="quiet">{t("doneOn", { date: day(dateOf(action.completedAt)!), who: name(action.owner) })}</span>
      </p>
      {action.note && <blockquote dir="auto">{action.note}</blockquote>}
      {action.attachments.length > 0 && (
        <p className="quiet">{t("attachments")}: {action.attachments.map(({ filename }) => filename).join(", ")}</p>
      )}
    </li>
  );
}
