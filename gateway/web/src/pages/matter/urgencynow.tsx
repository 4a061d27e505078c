import { useEffect, useRef } from "react";

import { Urgency, UrgencySchema, type LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { limit } from "../../ui/dates";
import { isUrgent as isUrgentTime } from "../../ui/marks";
import type { Field } from "../../ui/form/fields";
import { nameOf } from "../../ui/names";

interface Urgent { status?: LoopStatus; urgency: Urgency; triagedUrgency: Urgency }

export const isUrgent = ({ status }: { status?: LoopStatus }) => isUrgentTime(status);

// urgencyNow is the urgency by the receiver's triage; before triage, the sender's.
export const urgencyNow = ({ urgency, triagedUrgency }: Urgent) => triagedUrgency || urgency;

// urgencyFields ask for the urgency of a matter. An urgent due time is removed only by an explicit
// choice: no option is preselected, and each states its effect on the due time.
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
  // A joined report may have made it urgent.
  const urgency = now === Urgency.NORMAL ? Urgency.URGENT : now;
  // On a phone the form begins low: scroll it into view.
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const form = place.current?.closest("form"), choices = form?.querySelector('[data-field="urgency"]');
    if (choices && choices.getBoundingClientRect().bottom > innerHeight - 120) form!.scrollIntoView({ block: "start" });
  }, []);
  return <p ref={place} className="note" data-urgency-now>
    {t("urgencyNow", { urgency: word(nameOf(UrgencySchema, urgency)), due: due && limit(due) })}
  </p>;
}
