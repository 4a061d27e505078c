import { useId } from "react";
import { Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

import type { Assessment, Goal, Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { LineChart, type Line } from "../../ui/chart/lines";
import { day } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { EditGoal } from "./editgoal";
import { StepButton } from "./stepbutton";
import { assessGoal, scaleTexts } from "./steps";
import "./texts";
import "./plan.css";

interface Props {
  plan: Plan;
  // The reader is the client: "you", not "the client".
  own?: boolean;
  heading?: "h3" | "h4";
  // The assessments are shown as tables instead of pictures. Without a choice each goal has both.
  tables?: boolean;
}

// The client's own goals come first.
export const inOrder = (goals: Goal[]) => [...goals].sort((a, b) => Number(b.setByClient) - Number(a.setByClient));

export const signed = (score: number) => (score > 0 ? `+${score}` : score < 0 ? `−${-score}` : "0");

// PlanGoals shows the goals of a plan, in the client's words, each with its progress. Steps on a
// goal appear only on the plan's own page, for those who may take them.
export function PlanGoals({ plan, own = false, heading = "h4", tables }: Props) {
  const t = useTexts("plan");
  if (!plan.goals.length) return <p className="quiet">{t("noGoals")}</p>;
  return <div className="plan-goals">
    {inOrder(plan.goals).map((goal) => <PlanGoal key={goal.goalId} {...{ goal, plan, own, heading, tables }} />)}
  </div>;
}

type GoalProps = Required<Pick<Props, "plan" | "own" | "heading">> & Pick<Props, "tables"> & { goal: Goal };

function PlanGoal({ goal, plan, own, heading: Heading, tables }: GoalProps) {
  const t = useTexts("plan"), id = useId();
  return (
    <section className="plan-goal" aria-labelledby={id} data-goal={goal.goalId} data-part>
      <div className="goal-words">
        <Heading id={id} tabIndex={-1} className="goal-text" dir="auto">{goal.text}</Heading>
        <p className="quiet">{t(goal.setByClient ? (own ? "goalYours" : "goalOfClient") : "goalProposed")}</p>
        {!own && [true, false].map((byClient) => {
          const last = goal.assessments.findLast((one) => one.byClient === byClient);
          return last && <p key={String(byClient)} data-latest>
            {t("latest", { who: t(byClient ? "theClient" : "workers"), score: t(scaleTexts[last.score] ?? "score_0") })}
          </p>;
        })}
      </div>
      <Course goal={goal} own={own} tables={tables} />
      <div className="goal-steps">
        <StepButton plan={plan} name="AssessGoal" of={goal.goalId} what={goal.text} step={assessGoal(goal)} />
        <EditGoal plan={plan} goal={goal} />
      </div>
    </section>
  );
}

// Course shows the progress: a picture, and the same as a table.
function Course({ goal, own, tables }: { goal: Goal; own: boolean; tables?: boolean }) {
  const t = useTexts("plan"), { assessments } = goal, client = t(own ? "you" : "theClient"), workers = t("workers");
  if (!assessments.length) return <p className="quiet goal-course">{t("notAssessed")}</p>;
  const words = ({ score }: Assessment) => `${signed(score)}, ${t(scaleTexts[score] ?? "score_0")}`;
  const line = (name: string, byClient: boolean): Line => ({
    name, shape: byClient ? "circle" : "square", dashed: !byClient,
    points: assessments.filter((one) => one.byClient === byClient).map((one) => {
      const at = dateOf(one.at)!;
      return { at, value: one.score, said: t("point", { date: day(at), who: name, score: words(one) }) };
    }),
  });
  const lines = [line(client, true), line(workers, false)].filter(({ points }) => points.length);
  const table = <Assessments assessments={assessments} names={[client, workers]} words={words} />;
  if (tables) return <div className="goal-course">{table}</div>;
  return (
    <div className="goal-course">
      <LineChart title={t("chart", { goal: goal.text })} help={t("chartHelp")} lines={lines} from={-2} to={2} tick={signed} />
      {tables === undefined && <Expander>
        <ExpanderTitleButton>{t("asTable", { count: assessments.length })}</ExpanderTitleButton>
        <ExpanderContent>{table}</ExpanderContent>
      </Expander>}
    </div>
  );
}

function Assessments({
  assessments, names, words,
}: { assessments: Assessment[]; names: [string, string]; words: (one: Assessment) => string }) {
  const t = useTexts("plan"), name = usePartyName();
  return (
    <table className="assessments">
      <thead><tr><th scope="col">{t("date")}</th><th scope="col">{t("assessorShort")}</th><th scope="col">{t("score")}</th></tr></thead>
      <tbody>
        {assessments.map((one, index) => (
          <tr key={index}>
            <td>{day(dateOf(one.at)!)}</td>
            <td>{names[one.byClient ? 0 : 1]}<br /><span className="quiet">{t("recordedBy", { who: name(one.by) })}</span></td>
            <td>{words(one)}{one.note && <p dir="auto">{one.note}</p>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
