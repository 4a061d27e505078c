import { UrgencySchema, type Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts, useWords } from "../../app/language";
import { nameOf } from "../../ui/names";

// Triaged shows the receiver's urgency of a matter, and the sender's if it differs.
export function Triaged({ matter: { urgency, triagedUrgency } }: { matter: { urgency: Urgency; triagedUrgency: Urgency } }) {
  const t = useTexts("matter"), word = useWords();
  if (!triagedUrgency) return null;
  return (
    <>
      <dt>{t("urgency")}</dt>
      <dd dir="auto">
        {word(nameOf(UrgencySchema, triagedUrgency))}
        {urgency > 0 && urgency !== triagedUrgency && (
          <span className="quiet"> ({t("urgencySaid", { urgency: word(nameOf(UrgencySchema, urgency)) })})</span>
        )}
      </dd>
    </>
  );
}
