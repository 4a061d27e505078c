import {
  ReferralDeclineReasonSchema, ReferralKind, ReferralKindSchema, ReferralOutcomeSchema, ReferralState,
  ReferralStateSchema, type Referral,
} from "koppi-contract/koppi/referral/v1/state_pb";
import { ClientExpectation } from "koppi-contract/koppi/common/v1/client_status_pb";
import { dateOf } from "../../app/clock";
import { limit } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { askedFor } from "./askedfor";
import { isRefusedReferral, rightOf } from "./rights";
import { aheadOf, frameOf, interpreted, onDay, type OwnMatter, type Tongue } from "./ownmatter";

export const referralStates = [
  "REFERRAL_STATE_SENT", "REFERRAL_STATE_RECEIVED", "REFERRAL_STATE_ACCEPTED", "REFERRAL_STATE_IN_PROGRESS", "REFERRAL_STATE_ON_HOLD",
  "REFERRAL_STATE_COMPLETED", "REFERRAL_STATE_DECLINED", "REFERRAL_STATE_REDIRECTED", "REFERRAL_STATE_CANCELLED",
] as const;
export const referralKinds = [
  "REFERRAL_KIND_SERVICE", "REFERRAL_KIND_APPLICATION_TRANSFER", "REFERRAL_KIND_DECISION_NOTICE", "REFERRAL_KIND_DOCUMENTS",
] as const;

export function describeReferral(referral: Referral, tongue: Tongue): OwnMatter {
  const { t, names, because, now } = tongue, { status } = referral, name = nameOf(ReferralStateSchema, referral.state);
  const frame = frameOf({
    subject: `referrals/${referral.referralId}`, state: name, read: referral, sender: referral.sender, began: dateOf(referral.sentAt),
  }, tongue);
  // Of a referral entered in error not even the kind is shown.
  if (frame.mistake) return { ...frame, title: "", summary: "" };
  const kind = nameOf(ReferralKindSchema, referral.kind || ReferralKind.SERVICE);
  const sender = names.agencyOf(referral.sender), receiver = names.agencyOf(referral.receiver), holder = names.unitOf(status?.responsible);
  const summary = t(name, { sender, receiver, holder });
  // Moving an application is not a decision on it: the page says that first.
  const moved = referral.kind === ReferralKind.APPLICATION_TRANSFER && !frame.ended && referral.state !== ReferralState.DECLINED;
  const quiet = !frame.ended && (referral.kind === ReferralKind.DECISION_NOTICE || referral.kind === ReferralKind.DOCUMENTS);
  // While the client is asked for something, the decision's due date is suspended.
  const decide = moved && referral.state !== ReferralState.ON_HOLD ? dateOf(referral.statutoryDueAt) : undefined;
  const means = [
    moved ? summary : "",
    moved ? t("moved_means", { receiver }) : "",
    referral.outcome ? t(nameOf(ReferralOutcomeSchema, referral.outcome)) : "",
    referral.outcomeNote,
    referral.declineReason ? t(nameOf(ReferralDeclineReasonSchema, referral.declineReason)) : "",
    referral.declineExplanation,
    isRefusedReferral(referral) ? t(rightOf(names.kindOf(referral.receiver))) : "",
    status?.waitingOnClient && referral.state === ReferralState.ON_HOLD ? t("awaitsYou", { who: names.full(status.responsible) }) : "",
    ...(frame.ended ? [] : askedFor(referral.informationRequests, tongue)),
    referral.cancellationRequested ? t("cancelling") : "",
    quiet && referral.clientStatus?.expect !== ClientExpectation.YOUR_ANSWER ? t("nothingToDo") : "",
  ];
  return {
    ...frame, title: t(kind), summary: decide ? t("movedBy", { date: limit(decide) }) : moved ? t("moved") : summary,
    means: means.filter(Boolean), notes: [
      [t(`${kind}_began`, { sender, receiver, date: onDay(frame.began) }), because(referral.basis, { sender, receiver })]
        .filter(Boolean).join(" "),
      ...interpreted(referral.clientInterpreter, tongue),
    ],
    // The summary of a moved application names the day by which it is decided.
    urgent: frame.urgent && !quiet, law: decide ? undefined : frame.law,
    appointments: [...frame.appointments, ...aheadOf(referral.appointments, now)],
    said: { topics: [], text: referral.reason },
  };
}
