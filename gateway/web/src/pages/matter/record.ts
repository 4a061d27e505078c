import { AppointmentResultSchema } from "koppi-contract/koppi/common/v1/appointment_pb";
import { UrgencySchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { ClientWillSchema, ContactModeSchema, type Guidance } from "koppi-contract/koppi/concern/v1/intake_pb";
import {
  ConcernState, ContactResultSchema, OutcomeSchema, SupportNeedSchema, TrackSchema, type Concern, type SupportNeed,
} from "koppi-contract/koppi/concern/v1/state_pb";
import type { DescEnum } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import { dateOf } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import { moment } from "../../ui/dates";
import { useDefinitions } from "../../ui/definitions";
import { useFourField, useGuided } from "../../ui/intake";
import { nameOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import texts from "../../texts/timeline.json";

addTexts("timeline", texts);

// useRecord returns a function that writes a concern's contacts, appointments, triages and assessment as plain
// text, for the agency's own client record. It is made of what the page shows: the client is not named.
export function useRecord() {
  const t = useTexts("intake"), field = useTexts("timeline"), word = useWords(), party = usePartyName();
  const fourField = useFourField(), guided = useGuided(), said = useDefinitions();
  const time = (at?: Timestamp) => { const date = dateOf(at); return date ? moment(date) : ""; };
  const named = <T extends DescEnum>(schema: T, value: number) => (value ? word(nameOf(schema, value as never)) : "");
  const need = (value: SupportNeed) => (value ? said.need(nameOf(SupportNeedSchema, value)) : "");
  const guidedLines = (all: Guidance[]) => all.map((one): [string, string] => ["guided_to", guided(one)]);
  const part = (name: "contact" | "appointment" | "triage" | "assessment" | "end", at: string, by: Party | undefined,
    lines: [label: string, value: string][]) => [
    [t(`record_${name}`), at].filter(Boolean).join(" ") + (by ? `, ${party(by)}` : ""),
    ...lines.filter(([, value]) => value).map(([label, value]) => `${field(`field_${label}`)}: ${value}`),
  ].join("\n");
  return (concern: Concern) => [
    [
      t("recordTitle", { number: concern.matterNumber }),
      t("recordFrom", { who: party(concern.reporter), when: time(concern.submittedAt) }),
    ].join("\n"),
    ...concern.contactAttempts.map((one) => part("contact", time(one.at), one.by, [
      ["result", named(ContactResultSchema, one.result)], ["mode", named(ContactModeSchema, one.mode)],
      ["client_will", named(ClientWillSchema, one.clientWill)], ...guidedLines(one.guidedTo), ["note", one.note],
      ["next_attempt_at", time(one.nextAttemptAt)], ["next_mode", named(ContactModeSchema, one.nextMode)],
    ])),
    ...concern.appointments.map(({ at, place, result }) => part("appointment", time(at), undefined, [
      ["place", place], ["result", named(AppointmentResultSchema, result)],
    ])),
    ...concern.triages.map((one) => part("triage", time(one.at), one.by, [
      ["urgency", named(UrgencySchema, one.urgency)], ["four_field", fourField(one.fourField)],
      ["support_need", need(one.supportNeed)], ["track", named(TrackSchema, one.track)],
      ["client_will", named(ClientWillSchema, one.clientWill)], ["assigned_to", party(one.assignedTo)], ["reason", one.reason],
    ])),
    ...(concern.state === ConcernState.ASSESSED ? [part("assessment", time(concern.status?.since), concern.status?.responsible, [
      ["four_field", fourField(concern.fourField)], ["support_need", need(concern.supportNeed)],
    ])] : []),
    ...(concern.outcome ? [part("end", time(concern.status?.since), undefined, [
      ["outcome", named(OutcomeSchema, concern.outcome)], ...guidedLines(concern.guidedTo), ["note", concern.closingNote],
    ])] : []),
  ].join("\n\n");
}
