import { InlineAlert } from "suomifi-ui-components";

import type { Revocation } from "koppi-contract/koppi/common/v1/revocation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day, limit } from "../../ui/dates";
import { useDirectory, usePartyName } from "../../ui/party";

// Tombstone replaces a matter entered in error: the content is removed; it shows why and by whom,
// and who has removed its own copy.
export function Tombstone({ revocation }: { revocation?: Revocation }) {
  const t = useTexts("matter"), party = usePartyName(), { agency } = useDirectory();
  if (!revocation) return null;
  const at = dateOf(revocation.at), due = dateOf(revocation.dueAt);
  return (
    <InlineAlert status={revocation.overdue ? "error" : "warning"} labelText={t("mistaken")} data-tombstone>
      <p>
        {t("mistakenBy", { who: party(revocation.by), day: at && day(at) })}{" "}
        {revocation.reason && t("mistakenWhy", { reason: revocation.reason })}
      </p>
      <p>{t("mistakenRemove", { due: due && limit(due) })}</p>
      <ul>
        {revocation.holders.map((holder) => {
          const acknowledged = dateOf(holder.acknowledgedAt);
          return <li key={holder.agency}>
            <span aria-hidden="true" className="shape">{acknowledged ? "✓" : "○"}</span>
            {acknowledged ? t("holderDone", { who: agency(holder.agency), day: day(acknowledged) })
              : t(revocation.overdue ? "holderLate" : "holderOpen", { who: agency(holder.agency) })}
          </li>;
        })}
      </ul>
    </InlineAlert>
  );
}
