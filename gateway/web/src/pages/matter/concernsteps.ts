import { createElement } from "react";

import { ContentProfile } from "koppi-contract/koppi/common/v1/party_pb";
import { AppointmentResultSchema } from "koppi-contract/koppi/common/v1/appointment_pb";
import {
  ConcernState, DeclineReason, DeclineReasonSchema, Outcome, OutcomeSchema, SupportNeedSchema, Topic, TopicSchema, type Concern,
} from "koppi-contract/koppi/concern/v1/state_pb";

import { lastNow } from "../../app/clock";
import type { Definitions } from "../../ui/definitions";
import { list, text, type Field, type Values } from "../../ui/form/fields";
import { finnish, local } from "../../ui/form/times";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { allowsTopics, allowsWords, basisOf, chosenOf, isNecessary } from "../../ui/ground/value";
import { namesOf, nameOf } from "../../ui/names";
import type { Steps } from "./actions";
import { appointmentResult, scheduleAppointment } from "./appointments";
import { contactDetails, contactFields, contactOf, guidanceField, noteField, willField } from "./contactfields";
import { guidanceOf } from "./guidance";
import { isIntake } from "./intakestate";
import { secondWorker } from "./pair";
import { SpecialFound } from "./specialfound";
import {
  acknowledge, attachmentsField, enumOf, onConsent, partyOf, planContact, reasonField, reassign, revoke, settle, suggestedField, triage,
  withAttachments, type Setting,
} from "./steps";
import {
  groupFields, isTaken, judgedUrgencyFields, loweredReasonField, needBefore, needFields, needOf, reasonFields, trackField, triageBefore,
  triageOf,
} from "./triagefields";
import { addInformation, requestInformation, type Speech } from "./thread/steps";
import { receives } from "./thread/talk";
import { isUrgent } from "./urgencynow";

// contentOf returns the most that a report's ground lets its reporter say. Before there were terms, a report on
// consent said all, and another what it is about.
const contentOf = ({ basis }: Concern) =>
  basis?.terms?.content ?? (onConsent(basis) ? ContentProfile.WHOLE : ContentProfile.TOPICS);

// speechOf is what the steps of the thread depend on.
const speechOf = ({ own }: Setting, said: Definitions) => (concern: Concern): Speech => {
  const reports = !receives(concern, own), taken = concern.topics.map((topic) => nameOf(TopicSchema, topic));
  return {
    receives: !reports, hears: Boolean(concern.feedbackConsentedAt), urgency: concern.urgency,
    meaning: (name) => said.urgency(concern.receiver?.agency ?? "", name),
    words: !reports || contentOf(concern) >= ContentProfile.NECESSARY,
    topics: reports ? namesOf(TopicSchema).filter((name) => !taken.includes(name)) : [],
  };
};

// The needs that an assessment by another than a social worker can find.
const ordinary = namesOf(SupportNeedSchema).filter((name) => !name.startsWith("SUPPORT_NEED_SPECIAL"));

// The outcomes that need a note where the client is reported again and again, and is not reached.
const unreached = [Outcome.CLIENT_NOT_REACHED, Outcome.CLIENT_DECLINED].map((outcome) => nameOf(OutcomeSchema, outcome));
const owesNote = ({ repeatedUnreached }: Concern, values: Values) => repeatedUnreached && unreached.includes(text(values, "outcome"));

// The fields of each step of a concern report, in the words of the own agency.
export function concernSteps(setting: Setting, said: Definitions): Steps<Concern> {
  return {
    TriageConcern: {
      ...triage,
      fields: (concern) => [
        ...judgedUrgencyFields(concern, said, setting.own),
        loweredReasonField(concern, setting.own),
        { kind: "note", name: "child", label: "", text: "childNote", when: () => concern.topics.includes(Topic.CHILD_IN_FAMILY) },
        ...groupFields(concern),
        ...needFields(said, false),
        trackField,
        willField,
        { kind: "note", name: "willNo", label: "", text: "willNo", when: ({ will }) => will === "CLIENT_WILL_NO" },
        {
          kind: "receiver", name: "assignTo", label: "assignTo", hint: isTaken(concern) ? "assignToHeldHint" : "assignToHint",
          within: setting.own, worker: true, of: ["assign_to"],
        },
        ...reasonFields(concern, setting.own),
      ],
      initial: triageBefore,
      make: (values) => ({ ...triageOf(values), assignTo: partyOf(values, "assignTo") }),
      // Before the concern is taken, the intake card has these steps.
      rare: (concern) => isIntake(concern) || isTaken(concern) && !isUrgent(concern),
    },
    RecordContactAttempt: { fields: () => [...contactFields, ...contactDetails], make: contactOf, rare: isIntake },
    ScheduleAppointment: scheduleAppointment,
    // The card of the appointment asks whether the client came; the form has the other results.
    RecordAppointmentResult: { ...appointmentResult(AppointmentResultSchema), rare: true },
    SetSecondWorker: secondWorker(setting),
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
    RequestInformation: requestInformation(speechOf(setting, said)),
    AddInformation: addInformation(speechOf(setting, said)),
    CompleteAssessment: {
      fields: () => (setting.role === "social_worker" ? needFields(said, true) : [
        ...needFields(said, true, ordinary), { kind: "drawn", name: "specialFound", label: "", draw: () => createElement(SpecialFound) },
      ]),
      initial: needBefore,
      make: needOf,
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
      fields: (concern) => [
        { kind: "choice", name: "outcome", label: "outcome", schema: OutcomeSchema, required: true, list: true },
        {
          ...noteField, hint: "closingNoteOwed", required: true, missing: "missingClosingNote", when: (values) => owesNote(concern, values),
        },
        guidanceField,
        {
          kind: "area", name: "feedback", label: "feedback", hint: onConsent(concern.basis) ? "feedbackHint" : "feedbackUndisclosed",
        },
        { ...noteField, when: (values) => !owesNote(concern, values) },
        attachmentsField,
      ],
      make: (values) => ({
        outcome: enumOf(OutcomeSchema, values, "outcome"), feedback: text(values, "feedback"), guidedTo: guidanceOf(values),
        note: text(values, "note"), ...withAttachments(values),
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
