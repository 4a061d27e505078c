import { MemberState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { day, limit, moment } from "../../ui/dates";
import { useDirectory, usePartyName } from "../../ui/party";
import { StepButton } from "./stepbutton";
import { inviteMember, offerResponsibility, planContact, planSteps } from "./steps";
import { useJoinedUnits } from "./units";

// Shape and text show whether a member has joined.
const shapes: Record<MemberState, [shape: string, key: string]> = {
  [MemberState.UNSPECIFIED]: ["", ""], [MemberState.INVITED]: ["○", "memberInvited"], [MemberState.JOINED]: ["●", "memberJoined"],
  [MemberState.LEFT]: ["↩", "memberLeft"], [MemberState.DECLINED]: ["⊘", "memberDeclined"],
};

// Answering shows who is responsible for the whole plan, and to whom that is offered.
export function Answering({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), name = usePartyName(), units = useJoinedUnits(plan), due = dateOf(plan.responsibilityDueAt);
  if (!plan.responsible) return null;
  return (
    <section aria-labelledby="plan-answering" data-answering>
      <h3 id="plan-answering" tabIndex={-1}>{t("answering")}</h3>
      <p>{name(plan.responsible)}</p>
      {plan.responsibilityOfferedTo && <p className="offer">
        <span aria-hidden="true" className="shape">◷</span>
        {t("offered", { who: name(plan.responsibilityOfferedTo), date: due ? limit(due) : "" })}
      </p>}
      <StepButton plan={plan} name="OfferResponsibility" step={offerResponsibility(units)} />
    </section>
  );
}

// Members lists the units of a plan; each is bound only by its own acceptance.
export function Members({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), directory = useDirectory();
  return (
    <section aria-labelledby="plan-members">
      <h3 id="plan-members" tabIndex={-1}>{t("members")}</h3>
      <ul className="members">
        {plan.members.map(({ party, state, since }, index) => (
          <li key={index}>
            <strong>{party!.unit ? directory.unit(party!.agency, party!.unit) : directory.agency(party!.agency)}</strong>
            <span className="quiet">{directory.agency(party!.agency)}</span>
            <span>
              <span aria-hidden="true" className="shape">{shapes[state][0]}</span>
              {t(shapes[state][1], { date: since ? day(dateOf(since)!) : "" })}
            </span>
          </li>
        ))}
      </ul>
      <StepButton plan={plan} name="InviteMember" step={inviteMember} />
    </section>
  );
}

// Review shows the date of the next review.
export function Review({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), at = dateOf(plan.nextReviewAt);
  const steps = ["ScheduleReview", "StartReview"].filter((name) => plan.availableActions.includes(name));
  if (!at && !steps.length) return null;
  return (
    <section aria-labelledby="plan-review">
      <h3 id="plan-review" tabIndex={-1}>{t("review")}</h3>
      {at && <p><time dateTime={at.toISOString()}>{limit(at)}</time></p>}
      {steps.map((name) => <StepButton key={name} plan={plan} name={name} step={planSteps[name]!} />)}
    </section>
  );
}

// Contacts shows who will contact the client next, so that two workers do not call the same person.
export function Contacts({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), person = usePerson(), name = usePartyName();
  if (!plan.plannedContacts.length && !plan.availableActions.includes("PlanContact")) return null;
  return (
    <section aria-labelledby="plan-contacts">
      <h3 id="plan-contacts" tabIndex={-1}>{t("contacts")}</h3>
      {!plan.plannedContacts.length && <p className="quiet">{t("noContacts")}</p>}
      <ul>{plan.plannedContacts.map(({ by, at }, index) => <li key={index}>{at && moment(dateOf(at)!)} {name(by)}</li>)}</ul>
      <StepButton plan={plan} name="PlanContact" step={planContact(person.agency)} />
    </section>
  );
}
