import { useEffect, useRef } from "react";

import { Urgency, UrgencySchema, type LoopStatus } from "#gen/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { limit } from "../../ui/dates";
import { isUrgent as isUrgentTime } from "../../ui/marks";
import type { Field } from "../../ui/form/fields";
import { nameOf } from "../../ui/names";

interface Urgent { status?: LoopStatus; urgency: Urgency; triagedUrgency: Urgency }

export const isUrgent = ({ status }: { status?: LoopStatus }) => isUrgentTime(status);

// urgencyNow is how urgent the receiver holds a matter to be; before triage, as its sender said.
export const urgencyNow = ({ urgency, triagedUrgency }: Urgent) => triagedUrgency || urgency;

// urgencyFields ask how urgent a matter is. An urgent due time is let go of by choice alone:
// nothing is chosen beforehand, and what each choice does to it stands beside it.
export const urgencyFields = (matter: Urgent): Field[] => [
  ...(isUrgent(matter) ? [{ kind: "drawn", name: "urgencyNow", label: "", draw: () => <UrgentNow matter={matter} /> } satisfies Field]
    : []),
  { kind: "choice", name: "urgency", label: isUrgent(matter) ? "urgencyNext" : "urgency", schema: UrgencySchema, required: true },
  ...(isUrgent(matter) ? [
    { kind: "note", name: "letGo", label: "", text: "urgencyLetGo", when: (values) => values.urgency === "URGENCY_NORMAL" } satisfies Field,
  ] : []),
];

export const urgencyBefore = (matter: Urgent) => ({ urgency: isUrgent(matter) ? "" : nameOf(UrgencySchema, urgencyNow(matter)) });

function UrgentNow({ matter }: { matter: Urgent }) {
  const t = useTexts("matter"), word = useWords(), due = dateOf(matter.status?.dueAt), now = urgencyNow(matter);
  // A report that joined may have made it urgent.
  const urgency = now === Urgency.NORMAL ? Urgency.URGENT : now;
  // On a phone the form begins low: what is asked is brought into view.
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const form = place.current?.closest("form"), choices = form?.querySelector('[data-field="urgency"]');
    if (choices && choices.getBoundingClientRect().bottom > innerHeight - 120) form!.scrollIntoView({ block: "start" });
  }, []);
  return <p ref={place} className="note" data-urgency-now>
    {t("urgencyNow", { urgency: word(nameOf(UrgencySchema, urgency)), due: due && limit(due) })}
  </p>;
}
