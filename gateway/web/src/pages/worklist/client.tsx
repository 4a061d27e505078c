import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import { onDate } from "../../ui/dates";

// ClientName is who a matter is about, as far as the answer says: name, date of birth, and a mark of a
// non-disclosure.
export function ClientName({ item: { clientName, clientBirthDate, nonDisclosure } }: { item: WorkItem }) {
  const t = useTexts("worklist");
  if (!clientName && !clientBirthDate && !nonDisclosure) return null;
  return (
    <span className="client" data-client-name>
      <span className="hidden">{t("clientIs")} </span>
      {clientName && <strong dir="auto">{clientName}</strong>}
      <span className="client-more">
        {clientBirthDate && <span>{t("born", { day: onDate(clientBirthDate) })}</span>}
        {nonDisclosure && <strong className="protected" data-non-disclosure>
          <span aria-hidden="true" className="shape">!</span>{t("nonDisclosure")}
        </strong>}
      </span>
    </span>
  );
}
