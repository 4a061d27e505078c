import { AppointmentResult } from "koppi-contract/koppi/common/v1/appointment_pb";
import { Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ClientWillSchema } from "koppi-contract/koppi/concern/v1/intake_pb";
import {
  ConcernState, ContactResult, StatutoryGroup, StatutoryGroupSchema, SupportNeedSchema, TrackSchema, type Concern,
} from "koppi-contract/koppi/concern/v1/state_pb";
import type { Definitions } from "../../ui/definitions";
import { list, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { cellOf } from "../../ui/intake";
import { nameOf, namesOf } from "../../ui/names";
import { FourFieldInput, fourFieldOf } from "./fourfield";
import { enumOf, isHeld } from "./steps";
import { urgencyBefore, urgencyFields, urgencyNow } from "./urgencynow";

// A worker is responsible from here on: triage no longer changes the state.
export const isTaken = ({ state }: Concern) => state >= ConcernState.TAKEN;

// wasReached reports whether anybody has reached the client in this matter.
const wasReached = ({ contactAttempts, appointments }: Concern) =>
  contactAttempts.some(({ result }) => result === ContactResult.REACHED || result === ContactResult.DECLINED_HELP)
  || appointments.some(({ result }) => result === AppointmentResult.ATTENDED);

// lowers reports whether a triage lowers the urgency before anybody knows more than the reporter. It owes
// a reason then.
const lowers = (concern: Concern, values: Values) =>
  !isTaken(concern) && !wasReached(concern) && enumOf(UrgencySchema, values, "urgency") > (urgencyNow(concern) || Urgency.NORMAL);

const passes = (concern: Concern, values: Values, own: string) => isHeld(concern, own) && Boolean(receiver(values, "assignTo")?.agency);

const reason = { kind: "line", name: "reason", label: "triageReason" } satisfies Field;
const owed = { ...reason, required: true, missing: "missingReason" } satisfies Field;

// loweredReasonField asks why the urgency is lowered, below the urgency.
export const loweredReasonField = (concern: Concern, own: string): Field =>
  ({ ...owed, hint: "reasonLowered", when: (values) => !passes(concern, values, own) && lowers(concern, values) });

// reasonFields ask why the concern is passed on, where that is owed, and else for the reason of the whole.
export const reasonFields = (concern: Concern, own: string): Field[] => [
  { ...owed, hint: "reasonHeld", when: (values) => passes(concern, values, own) },
  { ...reason, hint: "triageReasonHint", when: (values) => !passes(concern, values, own) && !lowers(concern, values) },
];

// needFields ask for the client's place in the four-field and the need of support, of these needs, in the words
// of the agency.
export const needFields = (said: Definitions, required: boolean, needs = namesOf(SupportNeedSchema)): Field[] => [
  {
    kind: "drawn", name: "fourField", label: "fourField", of: ["four_field"],
    draw: (drawn) => <FourFieldInput {...drawn} needs={needs} />,
  },
  {
    kind: "options", name: "supportNeed", label: "supportNeed", of: ["support_need"], required,
    options: needs.map((name) => ({ value: name, ready: said.need(name), readyHint: said.needMeaning(name) })),
  },
];

export const needBefore = ({ supportNeed, fourField }: Concern): Values => ({
  ...(supportNeed ? { supportNeed: nameOf(SupportNeedSchema, supportNeed) } : {}), fourField: cellOf(fourField) ?? "",
});
export const needOf = (values: Values) => ({
  supportNeed: enumOf(SupportNeedSchema, values, "supportNeed"), fourField: fourFieldOf(values),
});

// judgedUrgencyFields ask for the urgency, each with the agency's definition.
export const judgedUrgencyFields = (concern: Concern, said: Definitions, own: string): Field[] =>
  urgencyFields(concern).map((field) => (field.kind !== "choice" ? field : {
    kind: "options", name: field.name, label: field.label, required: true,
    options: namesOf(UrgencySchema).map((name) => ({ value: name, label: `words:${name}`, readyHint: said.urgency(own, name) })),
  }));

export const trackField: Field = { kind: "choice", name: "track", label: "track", schema: TrackSchema };

// The groups that a worker can record; age is known from the identity code.
const recorded = [StatutoryGroup.TOP_RATE_CARE_ALLOWANCE, StatutoryGroup.DISABLED_PERSON, StatutoryGroup.SPECIAL_SUPPORT_CHILD];
const groupNames = recorded.map((group) => nameOf(StatutoryGroupSchema, group));
const groupsOf = ({ statutoryGroups }: Concern) =>
  statutoryGroups.filter((group) => recorded.includes(group)).map((group) => nameOf(StatutoryGroupSchema, group));

// groupFields ask for the groups of clients whose assessment has a statutory time limit.
export const groupFields = (concern: Concern): Field[] => [
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

export const triageBefore = (concern: Concern): Values => ({
  ...urgencyBefore(concern), groups: groupsOf(concern), ...needBefore(concern),
  ...(concern.track ? { track: nameOf(TrackSchema, concern.track) } : {}),
});

export const triageOf = (values: Values) => ({
  urgency: enumOf(UrgencySchema, values, "urgency"), ...needOf(values), track: enumOf(TrackSchema, values, "track"),
  clientWill: enumOf(ClientWillSchema, values, "will"), reason: text(values, "reason"),
  statutoryGroups: list(values, "groups").map((group) => enumOf(StatutoryGroupSchema, { group }, "group")),
});
