import { createRegistry, ScalarType, type DescField, type Message } from "@bufbuild/protobuf";
import { anyUnpack, type Any } from "@bufbuild/protobuf/wkt";

import { file_koppi_common_v1_appointment } from "koppi-contract/koppi/common/v1/appointment_pb";
import { file_koppi_common_v1_contact } from "koppi-contract/koppi/common/v1/contact_pb";
import { file_koppi_common_v1_revocation } from "koppi-contract/koppi/common/v1/revocation_pb";
import { file_koppi_common_v1_withdrawal } from "koppi-contract/koppi/common/v1/withdrawal_pb";
import { file_koppi_concern_v1_events } from "koppi-contract/koppi/concern/v1/events_pb";
import { ClientWill } from "koppi-contract/koppi/concern/v1/intake_pb";
import { file_koppi_consultation_v1_events } from "koppi-contract/koppi/consultation/v1/events_pb";
import { file_koppi_plan_v1_events } from "koppi-contract/koppi/plan/v1/events_pb";
import { file_koppi_referral_v1_events } from "koppi-contract/koppi/referral/v1/events_pb";

const files = [
  file_koppi_common_v1_appointment, file_koppi_common_v1_contact, file_koppi_common_v1_revocation, file_koppi_common_v1_withdrawal,
  file_koppi_concern_v1_events, file_koppi_referral_v1_events, file_koppi_consultation_v1_events, file_koppi_plan_v1_events,
];
const registry = createRegistry(...files);

// Fields that are technical, never sent, repeat another line, or are meant for a later participant.
// All others are shown: the texts have each as "field_feedback".
const silent = new Set([
  "information_request_id", "message_id", "appointment_id", "goal_id", "action_id", "snapshot", "state", "first_sender",
  "own_joined_concern_id", "reporter_shown", "by", "holders", "by_client", "basis", "to_social_services", "due_rules",
  "due_days", "due_ground", "taken_before", "what", "client_language", "client_interpreter", "later", "closes_at", "left_apart",
  "receiving_area", "addition_id", "lapses",
]);

// The worker of these events is who took the step, or is named by another field.
const workerSilent = (event: string) => event !== "SecondWorkerSet";

// Detail is a field of an event that has a value.
export interface Detail { field: DescField; value: unknown }

const isSet = (field: DescField, value: unknown) => {
  if (Array.isArray(value)) return value.length > 0;
  // A score of 0 counts as set.
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.SINT32) return true;
  // A no is an answer too.
  if (field.name === "consented" || field.name === "special_support") return true;
  // That nobody asked is no news.
  if (field.name === "client_will") return value !== ClientWill.UNSPECIFIED && value !== ClientWill.NOT_ASKED;
  return value !== undefined && value !== "" && value !== false && value !== 0;
};

// Disclosed is an event as it was disclosed to the reader: its name and its relevant details. With lapsed, the time
// to answer a request for information passed.
export interface Disclosed { name: string; details: Detail[]; lapsed: boolean }

const isLapse = (name: string, message: Message & { informationRequestId?: string }) =>
  name.endsWith("Overdue") && Boolean(message.informationRequestId);

export function disclosedOf(event: Any | undefined): Disclosed | undefined {
  const message = event && anyUnpack(event, registry), desc = message && registry.getMessage(message.$typeName);
  if (!message || !desc) return undefined;
  const valueOf = (field: DescField) => (message as Message & Record<string, unknown>)[field.localName];
  const fields = desc.fields.filter((field) => !silent.has(field.name) && isSet(field, valueOf(field))
    && !(field.name === "worker" && workerSilent(desc.name)));
  // A triage says what the client wants in one field; earlier ones have a flag alone.
  const said = fields.some(({ name }) => name === "client_will") ? fields.filter(({ name }) => name !== "client_wants_help") : fields;
  return { name: desc.name, details: said.map((field) => ({ field, value: valueOf(field) })), lapsed: isLapse(desc.name, message) };
}
