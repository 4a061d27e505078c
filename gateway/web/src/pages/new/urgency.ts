import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { text, type Field, type Values } from "../../ui/form/fields";
import { namesOf } from "../../ui/names";

// urgencyFields ask for the urgency: each is told with its meaning and what is promised. A message
// does not help in an emergency, and the form says so.
export const urgencyFields = (values: Values, word: (name: string) => string, question = false): Field[] => [
  {
    kind: "options", name: "urgency", label: "urgency", required: true, missing: "missingUrgency",
    options: namesOf(UrgencySchema).map((name) => ({
      value: name, ready: word(name), hint: question ? `questionPromise_${name}` : `matterPromise_${name}`,
    })),
  },
  ...(text(values, "urgency") === "URGENCY_EMERGENCY"
    ? [{ kind: "note", name: "emergency", label: "urgency", text: "emergency" } satisfies Field] : []),
];
