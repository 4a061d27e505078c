import { PlanState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day, limit } from "../../ui/dates";

const path = [PlanState.DRAFT, PlanState.ACTIVE, PlanState.UNDER_REVIEW, PlanState.ENDED];
const names = ["phaseDraft", "phaseActive", "phaseReview", "phaseEnded"] as const;

// hasLine reports whether a plan is in one of its phases; one entered in error is not.
export const hasLine = ({ state }: Plan) => path.includes(state);

// PlanLine shows the phases of a plan: the current one with its start, and when the next review is. A
// plan is reviewed again and again while it is in force.
export function PlanLine({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), at = path.indexOf(plan.state), since = dateOf(plan.status?.since), review = dateOf(plan.nextReviewAt);
  const stateOf = (index: number) => {
    if (index === at) return "current";
    if (index === at + 1) return "next";
    // The review of an ended plan may never have been.
    return index < at && path[index] !== PlanState.UNDER_REVIEW ? "done" : "ahead";
  };
  return (
    <ol className="phase-line" aria-label={t("phases")} data-plan-line>
      {names.map((name, index) => (
        <li key={name} className={stateOf(index)} aria-current={index === at ? "step" : undefined}>
          {t(name)}
          {index === at && since && <time dateTime={since.toISOString()}> {day(since)}</time>}
          {path[index] === PlanState.UNDER_REVIEW && index === at + 1 && review && <> {limit(review)}</>}
        </li>
      ))}
    </ol>
  );
}
