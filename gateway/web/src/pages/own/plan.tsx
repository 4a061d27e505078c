import { useQuery } from "@connectrpc/connect-query";
import { LoadingSpinner } from "suomifi-ui-components";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { MemberStateSchema, PlanState, PlanStateSchema, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { limit } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { Problem } from "../../ui/problem";
import { Dots } from "./dots";
import { Actions, Goals } from "./goals";
import { useNames } from "./names";
import { useAgain } from "./reading";
import { onDay } from "./ownmatter";

export const memberStates = ["MEMBER_STATE_INVITED", "MEMBER_STATE_JOINED", "MEMBER_STATE_LEFT", "MEMBER_STATE_DECLINED"] as const;

// OwnPlan is the client's plan: goals first, then the actions and their owners.
export function OwnPlan() {
  const t = useTexts("own"), shell = useTexts("shell");
  const { data, error, isPending, dataUpdatedAt, refetch } = useQuery(PlanService.method.listPlans, { pageSize: 1000 });
  useAgain(dataUpdatedAt, () => void refetch());
  if (isPending && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  const plans = (data?.plans ?? []).filter(({ state }) => state !== PlanState.ENTERED_IN_ERROR);
  return (
    <>
      <Problem error={error} />
      {!error && plans.length === 0 && <p>{t("plan_none")}</p>}
      {plans.length > 0 && <p>{t("plan_what")}</p>}
      {plans.map((plan) => <OnePlan key={plan.planId} plan={plan} />)}
    </>
  );
}

function OnePlan({ plan }: { plan: Plan }) {
  const t = useTexts("own"), names = useNames(), review = dateOf(plan.nextReviewAt), ended = plan.state === PlanState.ENDED;
  const offered = plan.responsibilityOfferedTo;
  return (
    <article className="own-plan" data-plan={plan.planId}>
      <p className="headline" data-summary>{t(nameOf(PlanStateSchema, plan.state))}{plan.endReason && <> <bdi>{plan.endReason}</bdi></>}</p>
      <Goals plan={plan} />
      <Actions plan={plan} />
      <section className="own-part">
        <dl>
          {!ended && plan.responsible && (
            <><dt>{t("responsible")}</dt><dd dir="auto">{names.full(plan.responsible)}. {t("silenceAny")}</dd></>
          )}
          {!ended && review && <><dt>{t("review")}</dt><dd dir="auto">{limit(review)}</dd></>}
        </dl>
        {plan.socialWorker && <p data-support>{t("supportedBy", { who: names.full(plan.socialWorker) })}</p>}
        {!ended && offered && <p>{t("offer", { who: names.full(offered) })}</p>}
        <h3>{t("members")}</h3>
        <Dots lines={plan.members.map(({ party, state }) => t(nameOf(MemberStateSchema, state), { who: names.full(party) }))} />
      </section>
      {plan.clientViews.length > 0 && (
        <section className="own-part">
          <h3>{t("views_own")}</h3>
          <ul className="cards">
            {plan.clientViews.map(({ at, feltHeard, ownGoalsLead, comment }, index) => <li key={index} className="card">
              <p className="quiet">{onDay(dateOf(at))}</p>
              <Dots lines={[t(feltHeard ? "heard" : "notHeard"), t(ownGoalsLead ? "leads" : "notLeads")]} />
              {comment && <blockquote dir="auto">{comment}</blockquote>}
            </li>)}
          </ul>
        </section>
      )}
    </article>
  );
}
