import { createElement } from "react";

import {
  AppointmentResultSchema, ReferralDeclineReason, ReferralDeclineReasonSchema, ReferralKind, ReferralKindSchema, ReferralOutcome,
  ReferralOutcomeSchema, ReferralState, type Referral,
} from "koppi-contract/koppi/referral/v1/state_pb";
import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";

import type { Definitions } from "../../ui/definitions";
import { text, type Field, type Values } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf } from "../../ui/ground/value";
import { nameOf, namesOf } from "../../ui/names";
import type { Steps } from "./actions";
import { appointmentResult, awaited, scheduleAppointment } from "./appointments";
import {
  acknowledge, attachmentsField, enumOf, partyOf, planContact, reassign, revoke, settle, suggestedField, triage, withAttachments,
  type Setting,
} from "./steps";
import { AskFirst } from "./thread/askfirst";
import { addInformation, requestInformation, type Speech } from "./thread/steps";
import { receives, wasAskedFirst } from "./thread/talk";
import { isUrgent, urgencyBefore, urgencyFields } from "./urgencynow";

const undecided = ({ state }: Referral) => state === ReferralState.SENT || state === ReferralState.RECEIVED;
const isNotice = ({ kind }: Referral) => kind === ReferralKind.DECISION_NOTICE || kind === ReferralKind.DOCUMENTS;

// Only a transferred application ends with a benefit, and only documents and notices end by being
// read.
function outcomes(referral: Referral): string[] {
  const {
    BENEFIT_GRANTED, BENEFIT_REFUSED, ACKNOWLEDGED, SERVICE_GIVEN, SERVICE_STARTED, CLIENT_DECLINED, CLIENT_NOT_REACHED, NOT_ELIGIBLE,
  } = ReferralOutcome;
  const application = referral.kind === ReferralKind.APPLICATION_TRANSFER;
  const any = [...(application ? [BENEFIT_GRANTED, BENEFIT_REFUSED] : []), ...(isNotice(referral) ? [ACKNOWLEDGED] : [])];
  const decided = undecided(referral) ? [] : [SERVICE_GIVEN, SERVICE_STARTED, CLIENT_DECLINED, CLIENT_NOT_REACHED, NOT_ELIGIBLE];
  return [...any, ...decided].map((outcome) => nameOf(ReferralOutcomeSchema, outcome));
}

// The reasons that do not by themselves say what to do instead (434/2003 § 45).
const explained = [ReferralDeclineReason.NO_CAPACITY, ReferralDeclineReason.NOT_ELIGIBLE, ReferralDeclineReason.INCOMPLETE]
  .map((reason) => nameOf(ReferralDeclineReasonSchema, reason));
// INCOMPLETE is a reason once the sender was asked for what is missing, and answered or let the time pass.
const incomplete = nameOf(ReferralDeclineReasonSchema, ReferralDeclineReason.INCOMPLETE);
// While the receiver waits for an answer, there is nothing else to ask first.
const canAsk = ({ availableActions }: Referral) => availableActions.includes("RequestInformation");
const reasonsOf = (referral: Referral) =>
  namesOf(ReferralDeclineReasonSchema).filter((name) => name !== incomplete || wasAskedFirst(referral) || canAsk(referral));

// speechOf is what the steps of the thread depend on: a referral is told whole, as is how it goes on.
const speechOf = ({ own }: Setting, said: Definitions) => (referral: Referral): Speech => ({
  receives: receives(referral, own), hears: true, urgency: referral.urgency, words: true,
  meaning: (name) => said.urgency(referral.receiver?.agency ?? "", name),
});

const isExplained = ({ reason }: Values) => explained.includes(String(reason));

// The fields of each step of a referral. Acceptance has no form; the worker who clicks accepts it.
export function referralSteps(setting: Setting, said: Definitions): Steps<Referral> {
  const explanation: Field = { kind: "area", name: "explanation", label: "explanation" };
  return {
    TriageReferral: {
      ...triage,
      fields: urgencyFields,
      initial: urgencyBefore,
      make: (values) => ({ urgency: enumOf(UrgencySchema, values, "urgency") }),
      rare: (referral) => !undecided(referral) && !isUrgent(referral),
    },
    ScheduleAppointment: scheduleAppointment,
    RecordAppointmentResult: {
      ...appointmentResult(AppointmentResultSchema),
      // A booked appointment is the next thing to be recorded.
      first: (referral) => awaited(referral).length > 0,
    },
    // Before it is decided who handles the matter, something may be missing.
    PlanContact: { ...planContact(setting), rare: undecided },
    AddProgressNote: {
      fields: () => [
        { kind: "area", name: "text", label: "note", hint: "noteHint", required: true },
        { kind: "check", name: "onHold", label: "onHold", hint: "onHoldHint", of: ["on_hold"] },
        attachmentsField,
      ],
      initial: ({ state }) => ({ onHold: state === ReferralState.ON_HOLD }),
      make: (values) => ({ text: text(values, "text"), onHold: values.onHold === true, ...withAttachments(values) }),
    },
    RequestInformation: requestInformation(speechOf(setting, said)),
    AddInformation: addInformation(speechOf(setting, said)),
    RefuseCancellation: {
      fields: () => [{ ...explanation, required: true }], make: (values) => ({ explanation: text(values, "explanation") }),
    },
    CompleteReferral: {
      fields: (referral) => [
        { kind: "choice", name: "outcome", label: "outcome", schema: ReferralOutcomeSchema, only: outcomes(referral), required: true },
        { kind: "area", name: "outcomeNote", label: "outcomeNote", of: ["outcome_note"] },
        attachmentsField,
      ],
      initial: (referral) => (outcomes(referral).length === 1 ? { outcome: outcomes(referral)[0]! } : {}),
      make: (values) => ({
        outcome: enumOf(ReferralOutcomeSchema, values, "outcome"), outcomeNote: text(values, "outcomeNote"), ...withAttachments(values),
      }),
      sure: "sureComplete",
      // A notice or documents are only acknowledged.
      first: (referral) => isNotice(referral) && undecided(referral),
    },
    RedirectReferral: {
      fields: (referral, values) => [
        { kind: "note", name: "redirectNote", label: "", text: "redirectNote" },
        {
          kind: "receiver", name: "receiver", label: "receiver", without: [setting.own, referral.sender?.agency ?? ""],
          service: referral.serviceKey, required: true,
        },
        ...groundFields({
          message: `referral/${nameOf(ReferralKindSchema, referral.kind)}`, receiver: "receiver", clientId: referral.clientId,
        }, values),
        ...attestedFields(values),
        { ...explanation, hint: "redirectHint" },
      ],
      make: (values) => ({ basis: basisOf(values), receiver: partyOf(values, "receiver"), explanation: text(values, "explanation") }),
      sure: "sureRedirect",
    },
    ReassignReferral: { ...reassign(setting), rare: true },
    DeclineReferral: {
      fields: (referral, values) => [
        {
          kind: "choice", name: "reason", label: "declineReason", schema: ReferralDeclineReasonSchema, required: true, list: true,
          only: reasonsOf(referral), hint: reasonsOf(referral).includes(incomplete) ? undefined : "thread:incompleteLater",
        },
        ...(values.reason === incomplete && !wasAskedFirst(referral) && canAsk(referral) ? [{
          kind: "drawn", name: "askFirst", label: "",
          draw: ({ set }) => createElement(AskFirst, { reset: () => set("reason", "") }),
        } satisfies Field] : []),
        { ...explanation, hint: "explanationNeeded", required: true, when: isExplained },
        { ...explanation, when: (values) => !isExplained(values) },
        suggestedField(setting),
      ],
      make: (values) => ({
        reason: enumOf(ReferralDeclineReasonSchema, values, "reason"), explanation: text(values, "explanation"),
        suggestedReceiver: partyOf(values, "suggested"),
      }),
      sure: "sureDecline", rare: true,
    },
    SettleReferral: settle,
    CancelReferral: {
      fields: () => [{ kind: "line", name: "reason", label: "reason" }], make: (values) => ({ reason: text(values, "reason") }),
      sure: (referral) => (undecided(referral) ? "sureCancel" : "sureAskCancel"), rare: true,
    },
    RevokeReferral: revoke,
    AcknowledgeRevocation: acknowledge,
  };
}
