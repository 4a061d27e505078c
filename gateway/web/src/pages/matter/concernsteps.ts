import { createElement } from "react";

import {
  ConcernState, ContactResultSchema, DeclineReason, DeclineReasonSchema, OutcomeSchema, StatutoryGroup, StatutoryGroupSchema,
  SupportNeedSchema, TopicSchema, TrackSchema, type Concern,
} from "koppi-contract/koppi/concern/v1/state_pb";
import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";

import { lastNow } from "../../app/clock";
import { list, text, type Field } from "../../ui/form/fields";
import { endOfDay, finnish, local } from "../../ui/form/times";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { allowsTopics, allowsWords, basisOf, chosenOf, isNecessary } from "../../ui/ground/value";
import { namesOf, nameOf } from "../../ui/names";
import type { Steps } from "./actions";
import { SpecialFound } from "./specialfound";
import {
  acknowledge, attachmentsField, enumOf, onConsent, partyOf, planContact, reasonField, reassign, revoke, settle, suggestedField, triage,
  withAttachments, type Setting,
} from "./steps";
import { isUrgent, urgencyBefore, urgencyFields } from "./urgencynow";

// The question that waits for the reporter's answer.
const openQuestion = (concern: Concern) => concern.informationRequests.find(({ answeredAt }) => !answeredAt);

const supportNeed = (required: boolean, only?: string[]): Field => ({
  kind: "choice", name: "supportNeed", label: "supportNeed", schema: SupportNeedSchema, of: ["support_need"], required, only,
});

// The needs that an assessment by another than a social worker can find.
const ordinary = namesOf(SupportNeedSchema).filter((name) => !name.startsWith("SUPPORT_NEED_SPECIAL"));

// The matter is taken: triage keeps its owner unless it names another.
const isHeld = ({ state }: Concern) => state >= ConcernState.TAKEN;

// The groups that a worker can record; age is known from the identity code.
const recorded = [StatutoryGroup.TOP_RATE_CARE_ALLOWANCE, StatutoryGroup.DISABLED_PERSON, StatutoryGroup.SPECIAL_SUPPORT_CHILD];
const groupNames = recorded.map((group) => nameOf(StatutoryGroupSchema, group));
const groupsOf = ({ statutoryGroups }: Concern) =>
  statutoryGroups.filter((group) => recorded.includes(group)).map((group) => nameOf(StatutoryGroupSchema, group));

// groupFields ask for the groups of clients whose assessment has a statutory time limit.
const groupFields = (concern: Concern): Field[] => [
  {
    kind: "choices", name: "groups", label: "groups", hint: "groupsHint", schema: StatutoryGroupSchema, only: groupNames,
    of: ["statutory_groups"],
  },
  { kind: "note", name: "over75", label: "", text: "over75", when: () => concern.statutoryGroups.includes(StatutoryGroup.OVER_75) },
  {
    kind: "note", name: "groupsStay", label: "", text: "groupsStay",
    when: (values) => groupsOf(concern).length > 0 && list(values, "groups").length === 0,
  },
];

// The fields of each step of a concern report.
export function concernSteps(setting: Setting): Steps<Concern> {
  return {
    TriageConcern: {
      ...triage,
      fields: (concern) => [
        ...urgencyFields(concern),
        ...groupFields(concern),
        supportNeed(false),
        { kind: "choice", name: "track", label: "track", schema: TrackSchema },
        { kind: "check", name: "wants", label: "clientWantsHelp", of: ["client_wants_help"] },
        {
          kind: "receiver", name: "assignTo", label: "assignTo", hint: isHeld(concern) ? "assignToHeldHint" : "assignToHint",
          within: setting.own, worker: true, of: ["assign_to"],
        },
      ],
      initial: (concern) => ({
        ...urgencyBefore(concern), groups: groupsOf(concern),
        ...(concern.supportNeed ? { supportNeed: nameOf(SupportNeedSchema, concern.supportNeed) } : {}),
        ...(concern.track ? { track: nameOf(TrackSchema, concern.track) } : {}),
      }),
      make: (values) => ({
        urgency: enumOf(UrgencySchema, values, "urgency"), supportNeed: enumOf(SupportNeedSchema, values, "supportNeed"),
        track: enumOf(TrackSchema, values, "track"), clientWantsHelp: values.wants === true, assignTo: partyOf(values, "assignTo"),
        statutoryGroups: list(values, "groups").map((group) => enumOf(StatutoryGroupSchema, { group }, "group")),
      }),
      rare: (concern) => isHeld(concern) && !isUrgent(concern),
    },
    RecordContactAttempt: {
      fields: () => [
        { kind: "choice", name: "result", label: "contactResult", schema: ContactResultSchema, required: true },
        { kind: "moment", name: "next", label: "nextAttempt", hint: "nextAttemptHint", of: ["next_attempt_at"] },
      ],
      make: (values) => ({ result: enumOf(ContactResultSchema, values, "result"), nextAttemptAt: finnish(text(values, "next")) }),
    },
    PlanContact: planContact(setting),
    RecordFeedbackConsent: {
      fields: () => [
        {
          kind: "options", name: "answer", label: "hearsBackAsk", required: true, of: ["consented"],
          options: [{ value: "yes", label: "hearsBackAnsweredYes" }, { value: "no", label: "hearsBackAnsweredNo" }],
        },
        {
          kind: "moment", name: "at", label: "hearsBackAt", required: true, of: ["consented_at"],
          when: ({ answer }) => answer === "yes",
        },
      ],
      initial: () => ({ at: local(new Date(lastNow() ?? Date.now())) }),
      make: (values) => ({
        consented: values.answer === "yes", consentedAt: values.answer === "yes" ? finnish(text(values, "at")) : undefined,
      }),
      rare: true,
    },
    RequestInformation: {
      fields: () => [
        { kind: "area", name: "question", label: "question", hint: "questionHint", required: true },
        { kind: "day", name: "due", label: "answerBy", hint: "answerByHint", of: ["due_at"] },
      ],
      make: (values) => ({ question: text(values, "question"), dueAt: endOfDay(text(values, "due")) }),
    },
    ProvideInformation: {
      fields: (concern) => [
        { kind: "quote", name: "asked", label: "question", quote: openQuestion(concern)?.question ?? "" },
        { kind: "area", name: "answer", label: "answer", required: true, of: ["information_request_id"] },
        attachmentsField,
      ],
      make: (values, concern) => ({
        informationRequestId: openQuestion(concern)?.informationRequestId ?? "", answer: text(values, "answer"), ...withAttachments(values),
      }),
    },
    CompleteAssessment: {
      fields: () => (setting.role === "social_worker" ? [supportNeed(true)] : [
        supportNeed(true, ordinary), { kind: "drawn", name: "specialFound", label: "", draw: () => createElement(SpecialFound) },
      ]),
      initial: (concern) => (concern.supportNeed ? { supportNeed: nameOf(SupportNeedSchema, concern.supportNeed) } : {}),
      make: (values) => ({ supportNeed: enumOf(SupportNeedSchema, values, "supportNeed") }),
    },
    ForwardConcern: {
      fields: (concern, values) => [
        { kind: "receiver", name: "receiver", label: "receiver", without: [setting.own, concern.reporter?.agency ?? ""], required: true },
        ...groundFields({ message: "concern", receiver: "receiver", clientId: concern.clientId }, values),
        ...attestedFields(values),
        ...(allowsTopics(values) ? [{
          kind: "choices", name: "topics", label: "topics", hint: "topicsForwardHint", schema: TopicSchema, search: "searchTopics",
          required: true,
        } satisfies Field] : [{ kind: "note", name: "noTopics", label: "", text: "ground:identityOnly" } satisfies Field]),
        ...(allowsWords(values) ? [
          {
            kind: "area", name: "description", label: "description",
            hint: isNecessary(values) ? "ground:onlyNecessary" : "descriptionForwardHint",
          },
          attachmentsField,
        ] satisfies Field[] : allowsTopics(values)
          ? [{ kind: "note", name: "noDescription", label: "", text: "ground:topicsOnly" } satisfies Field] : []),
        { kind: "check", name: "keepOpen", label: "keepOpen", hint: "keepOpenHint", of: ["keep_open"] },
      ],
      initial: (concern) => ({ topics: concern.topics.map((topic) => nameOf(TopicSchema, topic)) }),
      make: (values) => ({
        basis: basisOf(values), receiver: partyOf(values, "receiver"), keepOpen: values.keepOpen === true,
        topics: allowsTopics(values) ? list(values, "topics").map((topic) => enumOf(TopicSchema, { topic }, "topic")) : [],
        ...(chosenOf(values) && allowsWords(values) ? { description: text(values, "description"), ...withAttachments(values) } : {}),
      }),
      sure: "sureForward",
    },
    ReassignConcern: { ...reassign(setting), rare: true },
    CloseConcern: {
      fields: ({ basis }) => [
        { kind: "choice", name: "outcome", label: "outcome", schema: OutcomeSchema, required: true, list: true },
        { kind: "area", name: "feedback", label: "feedback", hint: onConsent(basis) ? "feedbackHint" : "feedbackUndisclosed" },
        attachmentsField,
      ],
      make: (values) => ({
        outcome: enumOf(OutcomeSchema, values, "outcome"), feedback: text(values, "feedback"), ...withAttachments(values),
      }),
      sure: "sureClose", first: ({ state }) => state === ConcernState.ASSESSED,
    },
    DeclineConcern: {
      fields: ({ basis }) => [
        // Without consent a reporter does not learn whether the client is known here.
        {
          kind: "choice", name: "reason", label: "declineReason", schema: DeclineReasonSchema, required: true,
          only: namesOf(DeclineReasonSchema)
            .filter((name) => onConsent(basis) || name !== nameOf(DeclineReasonSchema, DeclineReason.CLIENT_UNKNOWN)),
        },
        { kind: "area", name: "explanation", label: "explanation", hint: onConsent(basis) ? undefined : "explanationUndisclosed" },
        suggestedField(setting),
      ],
      make: (values) => ({
        reason: enumOf(DeclineReasonSchema, values, "reason"), explanation: text(values, "explanation"),
        suggestedReceiver: partyOf(values, "suggested"),
      }),
      sure: "sureDecline", rare: true,
    },
    SettleConcern: settle,
    WithdrawConcern: {
      fields: () => [reasonField], make: (values) => ({ reason: text(values, "reason") }), sure: "sureWithdraw", rare: true,
    },
    RevokeConcern: revoke,
    AcknowledgeRevocation: acknowledge,
  };
}
