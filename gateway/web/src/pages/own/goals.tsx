import { PlanState, type Action, type Assessment, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { useNames } from "./names";
import { onDay } from "./ownmatter";

export const scores = ["-2", "-1", "0", "1", "2"] as const;

// Goals shows the goals in the client's own words, large; beside each its progress, in words.
export function Goals({ plan }: { plan: Plan }) {
  const t = useTexts("own");
  return (
    <section className="own-part" aria-labelledby={`goals-${plan.planId}`}>
      <h3 id={`goals-${plan.planId}`}>{t("goals")}</h3>
      {plan.goals.length === 0 && <p>{t("goals_none")}</p>}
      <ul className="cards">
        {plan.goals.map((goal) => (
          <li key={goal.goalId} className="card">
            <p className="goal" dir="auto">{goal.text}</p>
            <p className="quiet">{t(goal.setByClient ? "goal_own" : "goal_proposed")}</p>
            <Last assessments={goal.assessments} byClient />
            <Last assessments={goal.assessments} byClient={false} />
          </li>
        ))}
      </ul>
      {plan.goals.length > 0 && plan.state !== PlanState.ENDED && <p className="after">{t("goal_share")}</p>}
    </section>
  );
}

function Last({ assessments, byClient }: { assessments: Assessment[]; byClient: boolean }) {
  const t = useTexts("own"), last = assessments.filter((one) => one.byClient === byClient).at(-1);
  if (!last) return null;
  return <p>
    {t(byClient ? "goal_you" : "goal_worker", { date: onDay(dateOf(last.at)), score: t(`score_${last.score}`) })}
    {last.note && <> <bdi>{last.note}</bdi></>}
  </p>;
}

// Actions lists the actions, with owner and due date: open ones first.
export function Actions({ plan }: { plan: Plan }) {
  const t = useTexts("own"), actions = [...plan.actions].sort((a, b) => Number(Boolean(a.completedAt)) - Number(Boolean(b.completedAt)));
  return (
    <section className="own-part" aria-labelledby={`actions-${plan.planId}`}>
      <h3 id={`actions-${plan.planId}`}>{t("actions")}</h3>
      {actions.length === 0 && <p>{t("actions_none")}</p>}
      <ul className="cards">{actions.map((action) => <li key={action.actionId} className="card">
        <OneAction action={action} goal={plan.goals.find(({ goalId }) => goalId === action.goalId)?.text} />
      </li>)}</ul>
    </section>
  );
}

function OneAction({ action, goal }: { action: Action; goal?: string }) {
  const t = useTexts("own"), names = useNames(), who = names.unitOf(action.owner), due = dateOf(action.dueAt);
  const key = action.completedAt ? "action_done" : action.overdue ? "action_late" : due ? "action_by" : "action_any";
  return (
    <>
      <p className="headline" dir="auto">{action.text}</p>
      <p>{t(key, { who, date: onDay(dateOf(action.completedAt) ?? due) })}</p>
      {action.note && <p dir="auto">{action.note}</p>}
      {goal && <p className="quiet">{goal}</p>}
    </>
  );
}
