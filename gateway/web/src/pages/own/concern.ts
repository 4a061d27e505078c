import {
  ConcernState, ConcernStateSchema, ContactResult, DeclineReasonSchema, OutcomeSchema, TopicSchema, type Concern,
} from "koppi-contract/koppi/concern/v1/state_pb";
import { dateOf } from "../../app/clock";
import { nameOf } from "../../ui/names";
import { askedFor } from "./askedfor";
import { isRefusedConcern, rightOf } from "./rights";
import { aheadOf, frameOf, interpreted, onDay, type Meeting, type OwnMatter, type Tongue } from "./ownmatter";

// The states with a text here; a joined report is shown like any other matter.
export const concernStates = [
  "CONCERN_STATE_SUBMITTED", "CONCERN_STATE_RECEIVED", "CONCERN_STATE_TRIAGED", "CONCERN_STATE_TAKEN",
  "CONCERN_STATE_INFORMATION_REQUESTED", "CONCERN_STATE_IN_ASSESSMENT", "CONCERN_STATE_ASSESSED", "CONCERN_STATE_CLOSED",
  "CONCERN_STATE_DECLINED", "CONCERN_STATE_WITHDRAWN",
] as const;

// The states in which the client can say whether the reporter hears how the concern goes on.
const received = [
  ConcernState.RECEIVED, ConcernState.TRIAGED, ConcernState.TAKEN, ConcernState.INFORMATION_REQUESTED, ConcernState.IN_ASSESSMENT,
  ConcernState.ASSESSED,
];

export function describeConcern(concern: Concern, tongue: Tongue): OwnMatter {
  const { t, word, names, because } = tongue, { status } = concern;
  const state = concern.state === ConcernState.JOINED ? ConcernState.SUBMITTED : concern.state, name = nameOf(ConcernStateSchema, state);
  const frame = frameOf({
    subject: `concerns/${concern.concernId}`, state: name, read: concern, sender: concern.reporter, began: dateOf(concern.submittedAt),
  }, tongue);
  if (frame.mistake) return { ...frame, title: t("concern"), summary: "" };
  const sender = names.agencyOf(concern.reporter), receiver = names.agencyOf(concern.receiver), holder = names.unitOf(status?.responsible);
  const date = onDay(frame.began);
  // The matter is taken, and another agency was asked to continue it.
  const elsewhere = !frame.ended && concern.forwardedToConcernIds.length > 0 && status?.waitingOn?.agency !== status?.responsible?.agency
    && state !== ConcernState.INFORMATION_REQUESTED;
  const means = [
    concern.outcome ? t(nameOf(OutcomeSchema, concern.outcome)) : "",
    concern.declineReason ? t(nameOf(DeclineReasonSchema, concern.declineReason)) : "",
    concern.declineExplanation,
    isRefusedConcern(concern) ? t(rightOf(names.kindOf(concern.receiver))) : "",
    elsewhere ? t("offered", { who: names.full(status?.waitingOn) }) : "",
    ...guided(concern, tongue),
    ...(frame.ended ? [] : askedFor(concern.informationRequests, tongue)),
    !frame.ended && concern.secondWorker ? t("second", { who: names.full(concern.secondWorker) }) : "",
  ];
  const notes = [
    [t(concern.forwardedFromConcernId ? "concern_onward" : "concern_began", { sender, date }), because(concern.basis, { sender, receiver })]
      .filter(Boolean).join(" "),
    ...lastContact(concern, tongue),
    ...interpreted(concern.clientInterpreter, tongue),
  ];
  return {
    ...frame, title: t("concern"), summary: t(name, { sender, receiver, holder }), means: means.filter(Boolean), notes,
    appointments: frame.ended ? []
      : [...frame.appointments, ...aheadOf(concern.appointments, tongue.now), ...agreed(concern, tongue, holder)],
    said: { topics: concern.topics.map((topic) => word(nameOf(TopicSchema, topic))), text: concern.description },
    hearing: received.includes(state) || concern.feedbackConsentedAt ? {
      concernId: concern.concernId, who: sender, since: onDay(dateOf(concern.feedbackConsentedAt)) || undefined,
      open: !frame.ended && received.includes(state),
    } : undefined,
  };
}

// agreed is the next contact that was agreed with a client who was reached.
function agreed(concern: Concern, { now }: Tongue, who: string): Meeting[] {
  const last = concern.contactAttempts.at(-1), at = dateOf(last?.nextAttemptAt);
  return at && at > now && !missed(last!.result) ? [{ at, place: "", who }] : [];
}

// guided says where the client was guided, in the words written to the client; each once.
function guided({ contactAttempts, guidedTo }: Concern, { t, names }: Tongue): string[] {
  const all = [...contactAttempts.flatMap((one) => one.guidedTo), ...guidedTo].map(({ to, what }) => t("guidedTo", {
    who: to.case === "party" ? names.full(to.value) : to.value, what,
  }));
  return [...new Set(all)];
}

const missed = (result: ContactResult) => result === ContactResult.NOT_REACHED || result === ContactResult.NO_SHOW;

function lastContact(concern: Concern, { t }: Tongue): string[] {
  const last = concern.contactAttempts.at(-1);
  if (!last) return [];
  return [t(missed(last.result) ? "notReached" : "reached", { date: onDay(dateOf(last.at)) })];
}
