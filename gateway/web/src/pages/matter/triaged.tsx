import { UrgencySchema, type Urgency } from "#gen/koppi/common/v1/party_pb";
import { useTexts, useWords } from "../../app/language";
import { nameOf } from "../../ui/names";

// Triaged is how urgent the receiver judged a matter to be, and what its sender had said
// where that was otherwise.
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
