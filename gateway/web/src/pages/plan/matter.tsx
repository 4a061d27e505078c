import { Button, InlineAlert } from "suomifi-ui-components";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { MemberState, PlanState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { refusalOf, unreachable } from "../../app/refusal";
import { usePerson } from "../../app/session";
import { limit } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { AskedTimeline } from "../../ui/timeline/asked";
import { Actions } from "../matter/actions";
import { MatterFrame } from "../matter/frame";
import { useMatter } from "../matter/usematter";
import { isWithdrawn, Withdrawn } from "../matter/withdrawn";
import { ClientOf } from "./client";
import { PlanGoals } from "./goals";
import { Mistaken } from "./mistaken";
import { Answering, Contacts, Members, Review } from "./people";
import { PrintSheet } from "./print";
import { Changed, StepButton } from "./stepbutton";
import { addGoal, framedSteps, planSteps } from "./steps";
import { Tasks } from "./tasks";
import { ClientViews } from "./views";

// Rare and final steps come last, away from the goals.
const closing = ["LeavePlan", "EndPlan", "RevokePlan"];
// These are shown beside what they concern.
const elsewhere = [
  "AddGoal", "UpdateGoal", "AssessGoal", "AddAction", "CompleteAction", "ReassignAction", "RecordClientView", "InviteMember",
  "OfferResponsibility", "ScheduleReview", "StartReview", "PlanContact", ...closing,
];

// PlanMatter shows a shared plan: the client's goals first, then the actions and their owners.
export function PlanMatter({ id }: { id: string }) {
  const shell = useTexts("shell"), word = useWords(), subject = `plans/${id}`;
  const { data, error, changed } = useMatter(subject, PlanService.method.getPlan, { planId: id });
  const plan = data?.plan;
  // A lost connection keeps the page as it is for reading and writing; a refusal does not.
  if (error && !(plan && refusalOf(error).reason === unreachable)) return <Problem error={error} />;
  if (!plan) return <p className="quiet">{shell("loading")}</p>;
  // Entered in error, or sent on a consent that was withdrawn: the content is gone.
  const emptied = plan.revocation !== undefined || !plan.createdBy;
  // After a step on the whole plan the focus is on its title, which shows the new state.
  const stepTaken = () => { changed(); document.getElementById("matter-title")?.focus(); };
  return (
    <Changed value={changed}>
      <MatterFrame title={word("plans")} summary={<Summary plan={plan} />} status={plan.status} mistaken={<>
        <Mistaken plan={plan} />
        {!plan.revocation && isWithdrawn(plan.status) && <Withdrawn subject={subject} caseId={plan.caseId} />}
      </>}
        actions={<><Invited plan={plan} /><Actions matter={plan} naming={{ planId: id }} etag={plan.etag} service={PlanService}
          available={plan.availableActions} steps={framedSteps} changed={stepTaken} elsewhere={elsewhere} /></>}
        side={emptied ? null : <div className="plan-side">
          <ClientOf plan={plan} />
          <Answering plan={plan} />
          <Review plan={plan} />
          <Members plan={plan} />
          <Contacts plan={plan} />
          <Closing plan={plan} />
        </div>}>
        {!emptied && <Content plan={plan} />}
      </MatterFrame>
    </Changed>
  );
}

function Content({ plan }: { plan: Plan }) {
  const t = useTexts("plan");
  return (
    <div className="plan-content">
      <section aria-labelledby="plan-goals">
        <div className="plan-head">
          <h3 id="plan-goals" tabIndex={-1}>{t("goals")}</h3>
          <Button type="button" variant="secondaryNoBorder" data-print onClick={() => window.print()}>{t("print")}</Button>
        </div>
        <PlanGoals plan={plan} />
        <StepButton plan={plan} name="AddGoal" step={addGoal} first={!plan.goals.length} />
      </section>
      <Tasks plan={plan} />
      <ClientViews plan={plan} />
      {plan.caseId && <AskedTimeline id="plan-course" of={{ caseId: plan.caseId }} subject={`plans/${plan.planId}`} heading="h3" />}
      <PrintSheet plan={plan} />
    </div>
  );
}

function Closing({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), names = closing.filter((name) => plan.availableActions.includes(name));
  if (!names.length) return null;
  return (
    <section aria-labelledby="plan-closing" className="closing">
      <h3 id="plan-closing" tabIndex={-1}>{t("closing")}</h3>
      <div className="closing-steps">{names.map((name) => <StepButton key={name} plan={plan} name={name} step={planSteps[name]!} />)}</div>
    </section>
  );
}

// Summary describes the plan's state in a sentence.
function Summary({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), name = usePartyName(), who = name(plan.responsible), next = dateOf(plan.nextReviewAt);
  switch (plan.state) {
    case PlanState.DRAFT: return t(plan.goals.length ? "summaryDraft" : "summaryEmpty", { who });
    case PlanState.ACTIVE: return t(next ? "summaryActive" : "summaryActiveOpen", { who, date: next ? limit(next) : "" });
    case PlanState.UNDER_REVIEW: return t("summaryReview", { who });
    case PlanState.ENDED: return <>{t("summaryEnded")}{plan.endReason && ` ${t("summaryEndedReason", { reason: plan.endReason })}`}</>;
    default: return t("summaryMistaken");
  }
}

// An invited unit sees the whole plan before accepting, and what acceptance means.
function Invited({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), person = usePerson(), offered = plan.responsibilityOfferedTo, due = dateOf(plan.responsibilityDueAt);
  const invited =
    plan.members.some(({ party, state }) => state === MemberState.INVITED && party?.agency === person.agency && party.unit === person.unit);
  const mine = offered?.agency === person.agency && offered.unit === person.unit && offered.worker === person.worker;
  return (
    <>
      {invited && plan.availableActions.includes("JoinPlan") && <InlineAlert data-invited>{t("invitedYou")}</InlineAlert>}
      {mine && <InlineAlert data-offered>{t("offeredYou", { date: due ? limit(due) : "" })}</InlineAlert>}
    </>
  );
}
