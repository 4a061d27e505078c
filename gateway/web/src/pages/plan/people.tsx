import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { MemberState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { Contact } from "../../ui/contact";
import { day, limit, moment } from "../../ui/dates";
import { isolated } from "../../ui/direction";
import { useDirectory, usePartyName } from "../../ui/party";

// Shape and text show whether a member has joined.
const shapes: Record<MemberState, [shape: string, key: string]> = {
  [MemberState.UNSPECIFIED]: ["", ""], [MemberState.INVITED]: ["○", "memberInvited"], [MemberState.JOINED]: ["●", "memberJoined"],
  [MemberState.LEFT]: ["↩", "memberLeft"], [MemberState.DECLINED]: ["⊘", "memberDeclined"],
};

interface Props { plan: Plan; contacts: ContactPoint[] }

// Answering shows who is responsible for the whole plan and how to reach them, to whom that is offered, and the
// social worker while the client needs special support.
export function Answering({ plan, contacts }: Props) {
  const t = useTexts("plan"), name = usePartyName(), due = dateOf(plan.responsibilityDueAt);
  if (!plan.responsible) return null;
  return (
    <section aria-labelledby="plan-answering" data-answering>
      <h3 id="plan-answering">{t("answering")}</h3>
      <p>{name(plan.responsible)}</p>
      <Contact contacts={contacts} party={plan.responsible} />
      {plan.socialWorker && <p data-support>{t("supportedBy", { who: name(plan.socialWorker) })}</p>}
      {plan.specialSupport && !plan.socialWorker && <p data-support><strong>{t("unsupported")}</strong></p>}
      {plan.responsibilityOfferedTo && <p className="offer">
        <span aria-hidden="true" className="shape">◷</span>
        {t("offered", { who: name(plan.responsibilityOfferedTo), date: due ? limit(due) : "" })}
      </p>}
    </section>
  );
}

// Members lists the units of a plan; each is bound only by its own acceptance.
export function Members({ plan, contacts }: Props) {
  const t = useTexts("plan"), directory = useDirectory();
  return (
    <section aria-labelledby="plan-members">
      <h3 id="plan-members">{t("members")}</h3>
      <ul className="members">
        {plan.members.map(({ party, state, since }, index) => (
          <li key={index}>
            <strong>{party!.unit ? directory.unit(party!.agency, party!.unit) : directory.agency(party!.agency)}</strong>
            <span className="quiet">{directory.agency(party!.agency)}</span>
            {party!.displayName && <span>{isolated(party!.displayName)}</span>}
            <Contact contacts={contacts} party={party} />
            <span>
              <span aria-hidden="true" className="shape">{shapes[state][0]}</span>
              {t(shapes[state][1], { date: since ? day(dateOf(since)!) : "" })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

// Review shows the date of the next review.
export function Review({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), at = dateOf(plan.nextReviewAt);
  if (!at) return null;
  return (
    <section aria-labelledby="plan-review">
      <h3 id="plan-review">{t("review")}</h3>
      <p><time dateTime={at.toISOString()}>{limit(at)}</time></p>
    </section>
  );
}

// Contacts shows who will contact the client next, so that two workers do not call the same person.
export function Contacts({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), name = usePartyName();
  if (!plan.plannedContacts.length && !plan.availableActions.includes("PlanContact")) return null;
  return (
    <section aria-labelledby="plan-contacts">
      <h3 id="plan-contacts">{t("contacts")}</h3>
      {!plan.plannedContacts.length && <p className="quiet">{t("noContacts")}</p>}
      <ul>{plan.plannedContacts.map(({ by, at }, index) => <li key={index}>{at && moment(dateOf(at)!)} {name(by)}</li>)}</ul>
    </section>
  );
}
