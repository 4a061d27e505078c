import { DueBasis, Urgency, UrgencySchema, type LoopStatus } from "#gen/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { limit } from "../../ui/dates";
import type { Field } from "../../ui/form/fields";
import { nameOf } from "../../ui/names";

interface Urgent { status?: LoopStatus; urgency: Urgency; triagedUrgency: Urgency }

// isUrgent tells that a matter is due when it is because it is urgent.
export const isUrgent = ({ status }: { status?: LoopStatus }) => status?.dueBasis === DueBasis.URGENCY;

// urgencyNow is how urgent the receiver holds a matter to be; before triage, as its sender said.
export const urgencyNow = ({ urgency, triagedUrgency }: Urgent) => triagedUrgency || urgency;

// urgencyField asks how urgent a matter is. An urgent due time is let go of by choice alone:
// nothing is chosen beforehand, and what each choice does to it stands beside it.
export const urgencyFields = (matter: Urgent): Field[] => [
  ...(isUrgent(matter) ? [{ kind: "drawn", name: "urgencyNow", label: "", draw: () => <UrgentNow matter={matter} /> } satisfies Field] : []),
  { kind: "choice", name: "urgency", label: isUrgent(matter) ? "urgencyNext" : "urgency", schema: UrgencySchema, required: true },
  ...(isUrgent(matter) ? [{ kind: "note", name: "letGo", label: "", text: "urgencyLetGo", when: (values) => values.urgency === "URGENCY_NORMAL" } satisfies Field] : []),
];

export const urgencyBefore = (matter: Urgent) => ({ urgency: isUrgent(matter) ? "" : nameOf(UrgencySchema, urgencyNow(matter)) });

function UrgentNow({ matter }: { matter: Urgent }) {
  const t = useTexts("matter"), word = useWords(), due = dateOf(matter.status?.dueAt), now = urgencyNow(matter);
  // A report that joined may have made it urgent.
  const urgency = now === Urgency.NORMAL ? Urgency.URGENT : now;
  return <p className="note" data-urgency-now>{t("urgencyNow", { urgency: word(nameOf(UrgencySchema, urgency)), due: due && limit(due) })}</p>;
}
