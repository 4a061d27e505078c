import { InlineAlert } from "suomifi-ui-components";

import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day } from "../../ui/dates";
import { useDirectory, usePartyName } from "../../ui/party";

// Mistaken shows what remains of a plan entered in error: why, and who has removed it.
export function Mistaken({ plan: { revocation } }: { plan: Plan }) {
  const t = useTexts("plan"), name = usePartyName(), directory = useDirectory();
  if (!revocation) return null;
  const at = dateOf(revocation.at), due = dateOf(revocation.dueAt);
  return (
    <InlineAlert status="warning" labelText={t("mistaken")}>
      <p>
        {t("mistakenBy", { who: name(revocation.by), date: at ? day(at) : "" })}
        {revocation.reason && <> <bdi>{revocation.reason}</bdi></>}
      </p>
      <ul>{revocation.holders.map(({ agency, acknowledgedAt }) => (
        <li key={agency}>
          {directory.agency(agency)}{": "}
          {acknowledgedAt ? t("removed", { date: day(dateOf(acknowledgedAt)!) }) : t("notRemoved", { date: due ? day(due) : "" })}
        </li>
      ))}</ul>
    </InlineAlert>
  );
}
