import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import type { Field, Values } from "../../ui/form/fields";

// urgencyFields ask for the urgency. A message does not help in an emergency, and the form says so.
export const urgencyFields = (values: Values): Field[] => [
  { kind: "choice", name: "urgency", label: "urgency", schema: UrgencySchema, required: true },
  ...(values.urgency === "URGENCY_EMERGENCY" ? [{ kind: "note", name: "emergency", label: "urgency", text: "emergency" } satisfies Field]
    : []),
];
