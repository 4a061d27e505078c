import { useState } from "react";
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
import { MatterFrame } from "../matter/frame";
import { ReadInEmergency } from "../matter/readinemergency";
import { useMatter } from "../matter/usematter";
import { isWithdrawn, Withdrawn } from "../matter/withdrawn";
import { ClientOf } from "./client";
import { PlanGoals } from "./goals";
import { Mistaken } from "./mistaken";
import { Answering, Contacts, Members, Review } from "./people";
import { PlanActions } from "./planactions";
import { hasLine, PlanLine } from "./planline";
import { PrintSheet } from "./print";
import { Changed } from "./stepbutton";
import { Tasks } from "./tasks";
import { ClientViews } from "./views";

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
  return (
    <Changed value={changed}>
      <MatterFrame title={word("plans")} number={plan.matterNumber} summary={<Summary plan={plan} />} status={plan.status}
        phases={hasLine(plan) && !isWithdrawn(plan.status) ? <PlanLine plan={plan} /> : undefined} mistaken={<>
          <Mistaken plan={plan} />
          {!plan.revocation && isWithdrawn(plan.status) && <Withdrawn subject={subject} caseId={plan.caseId} />}
        </>}
        actions={<>
          <ReadInEmergency matter={plan} />
          <Invited plan={plan} />
          <PlanActions plan={plan} emptied={emptied} changed={changed} />
        </>}
        side={emptied ? null : <div className="plan-side">
          <ClientOf plan={plan} />
          <Answering plan={plan} contacts={data.contacts} />
          <Review plan={plan} />
          <Members plan={plan} contacts={data.contacts} />
          <Contacts plan={plan} />
        </div>}>
        {!emptied && <Content plan={plan} />}
      </MatterFrame>
    </Changed>
  );
}

function Content({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), [tables, showTables] = useState(false), assessed = plan.goals.some(({ assessments }) => assessments.length);
  return (
    <div className="plan-content">
      <section aria-labelledby="plan-goals">
        <div className="plan-head">
          <h3 id="plan-goals">{t("goals")}</h3>
          {assessed && <Button type="button" variant="secondaryNoBorder" aria-pressed={tables} data-tables
            onClick={() => showTables(!tables)}>
            {t("tables")}
          </Button>}
        </div>
        <PlanGoals plan={plan} tables={tables} />
      </section>
      <Tasks plan={plan} />
      <ClientViews plan={plan} />
      {plan.caseId && <AskedTimeline id="plan-course" of={{ caseId: plan.caseId }} subject={`plans/${plan.planId}`} heading="h3" />}
      <PrintSheet plan={plan} />
    </div>
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
