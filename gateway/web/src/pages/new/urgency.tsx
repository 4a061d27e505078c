import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts, useWords } from "../../app/language";
import { useDefinitions } from "../../ui/definitions";
import { receiver, text, type Field, type Values } from "../../ui/form/fields";
import { namesOf } from "../../ui/names";
import type { Sought } from "../../ui/oncall";
import { Emergency } from "./emergency";

// useUrgencyFields returns a function for the fields of the urgency: each urgency is told with what the receiver
// means by it, and what is promised. A question has meanings of its own. Of an emergency it is said to whom
// it goes and whom to ring.
export function useUrgencyFields(question = false) {
  const t = useTexts("new"), word = useWords(), said = useDefinitions();
  return (values: Values, sought: Sought): Field[] => {
    const to = receiver(values, "receiver");
    const told = (name: string) => (question ? t(`questionPromise_${name}`)
      : [said.urgency(to?.agency ?? "", name), t(`matterPromise_${name}`)].filter(Boolean).join(" "));
    return [
      {
        kind: "options", name: "urgency", label: "urgency", required: true, missing: "missingUrgency",
        options: namesOf(UrgencySchema).map((name) => ({ value: name, ready: word(name), readyHint: told(name) })),
      },
      {
        kind: "drawn", name: "emergency", label: "urgency", when: (given) => text(given, "urgency") === "URGENCY_EMERGENCY",
        draw: () => <Emergency party={to} sought={sought} />,
      },
    ];
  };
}
