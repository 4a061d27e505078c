import { DueBasis, type LoopStatus, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernState, DeclineReasonSchema, OutcomeSchema, type Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import {
  ReferralDeclineReasonSchema, ReferralKind, ReferralOutcomeSchema, ReferralState, type Referral,
} from "koppi-contract/koppi/referral/v1/state_pb";

import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { day, limit, moment } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { sameUnit } from "./steps";

// Each state has a sentence: "concern_TAKEN", "referral_ON_HOLD".
export const concernStates = [
  "SUBMITTED", "RECEIVED", "TRIAGED", "TAKEN", "INFORMATION_REQUESTED", "IN_ASSESSMENT", "ASSESSED", "CLOSED", "CLOSED_undisclosed",
  "DECLINED", "SETTLED", "WITHDRAWN", "JOINED", "ENTERED_IN_ERROR",
] as const;
export const referralStates = [
  "SENT", "RECEIVED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD", "COMPLETED", "DECLINED", "SETTLED", "REDIRECTED", "CANCELLED",
  "ENTERED_IN_ERROR",
] as const;

// useWho returns a function that names a party within a sentence: "ps-21 (Työikäisten palvelut,
// Kuopio)".
function useWho() {
  const { agency, unit } = useDirectory();
  return (party: Party | undefined) => {
    if (!party?.agency) return "";
    const place = party.unit ? unit(party.agency, party.unit) : agency(party.agency), worker = party.displayName || party.worker;
    return worker ? `${worker} (${place})` : place;
  };
}

// useTurn says whose turn it is and until when: "Your unit's turn, by 23.2.2027." A due time whose
// basis the reader may see is shown below, with that basis.
function useTurn() {
  const t = useTexts("matter"), person = usePerson(), party = useWho();
  return (status?: LoopStatus) => {
    const { waitingOn, waitingOnClient, responsible } = status ?? {}, due = status?.dueBasis ? undefined : dateOf(status?.dueAt);
    if (!waitingOn?.agency) return "";
    const same = responsible?.agency === waitingOn.agency && responsible.unit === waitingOn.unit && responsible.worker === waitingOn.worker;
    // The previous sentence named the responsible worker.
    if (same && waitingOn.agency !== person.agency && !waitingOnClient) return due ? t("turn_same_due", { due: limit(due) }) : "";
    const who = waitingOnClient ? "turn_client" : waitingOn.agency !== person.agency ? "turn_other"
      : waitingOn.worker === person.worker ? "turn_me" : !waitingOn.worker && sameUnit(waitingOn, person) ? "turn_unit" : "turn_other";
    const named = { who: party(waitingOn), due: due && limit(due) };
    return due ? t(`${who}_due`, named) : t(who, named);
  };
}

export const turns = ["turn_client", "turn_me", "turn_unit", "turn_other"] as const;

const joined = (...sentences: (string | undefined | false)[]) => sentences.filter(Boolean).join(" ");

// useConcernSummary describes the state of a concern report.
export function useConcernSummary() {
  const t = useTexts("matter"), word = useWords(), party = useWho(), turn = useTurn();
  return (concern: Concern) => {
    const { state, status } = concern, since = dateOf(status?.since), holder = status?.responsible ?? concern.receiver;
    const values = {
      day: since && day(since), sender: party(concern.reporter), receiver: party(concern.receiver), holder: party(holder),
      outcome: word(nameOf(OutcomeSchema, concern.outcome)), reason: word(nameOf(DeclineReasonSchema, concern.declineReason)),
    };
    const name = state === ConcernState.CLOSED ? (concern.outcome ? "CLOSED" : concern.declineReason ? "SETTLED" : "CLOSED_undisclosed")
      : concernStates.find((one) => ConcernState[state] === one);
    const planned = concern.plannedContacts[0], at = dateOf(planned?.at);
    const ahead = concern.appointments.find(({ result }) => !result), appointed = dateOf(ahead?.at);
    return joined(
      name && t(`concern_${name}`, values),
      appointed && state < ConcernState.CLOSED
        && t("appointment", { at: moment(appointed), place: ahead!.place ? `, ${ahead!.place}` : "" }),
      turn(status), planned && at && t("contactPlanned", { who: party(planned.by), at: moment(at) }),
    );
  };
}

// useReferralSummary describes the state of a referral.
export function useReferralSummary() {
  const t = useTexts("matter"), word = useWords(), party = useWho(), turn = useTurn();
  return (referral: Referral) => {
    const { state, status } = referral, since = dateOf(status?.since), holder = status?.responsible ?? referral.receiver;
    const values = {
      day: since && day(since), sender: party(referral.sender), receiver: party(referral.receiver), holder: party(holder),
      outcome: word(nameOf(ReferralOutcomeSchema, referral.outcome)),
      reason: word(nameOf(ReferralDeclineReasonSchema, referral.declineReason)),
    };
    const name =
      state === ReferralState.COMPLETED && !referral.outcome ? "SETTLED" : referralStates.find((one) => ReferralState[state] === one);
    const undecided = referral.kind === ReferralKind.APPLICATION_TRANSFER && state < ReferralState.COMPLETED;
    // Its own date is not repeated.
    const decide = status?.dueBasis === DueBasis.STATUTORY || state === ReferralState.ON_HOLD ? undefined : dateOf(referral.statutoryDueAt);
    const offered = referral.redirectedToReferralId
      && ![referral.sender?.agency, referral.receiver?.agency].includes(status?.waitingOn?.agency) && state < ReferralState.COMPLETED;
    const ahead = referral.appointments.find(({ result }) => !result), at = dateOf(ahead?.at);
    const planned = referral.plannedContacts[0], contact = dateOf(planned?.at);
    return joined(
      undecided && (decide ? t("noDecisionYetBy", { due: limit(decide) }) : t("noDecisionYet")), name && t(`referral_${name}`, values),
      offered && t("offered"), referral.cancellationRequested && t("cancellationAsked", values),
      at && state < ReferralState.COMPLETED && t("appointment", { at: moment(at), place: ahead!.place ? `, ${ahead!.place}` : "" }),
      turn(status), planned && contact && t("contactPlanned", { who: party(planned.by), at: moment(contact) }),
    );
  };
}
