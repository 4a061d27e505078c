import { useQuery } from "@connectrpc/connect-query";

import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService, type Reachability } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { clock, dayKey, moment } from "../../ui/dates";
import { useLanguageNames } from "../../ui/languages";
import { usePartyName } from "../../ui/party";

// Reach shows who of the other side can be reached now, until when, and who substitutes.
export function Reach({ parties }: { parties: Party[] }) {
  const t = useTexts("consultation");
  const named = parties.map(({ agency, unit, worker }) => ({ agency, unit, worker }));
  const { data } = useQuery(ConsultationService.method.getReachability, { parties: named }, {
    enabled: named.length > 0, staleTime: 0, refetchOnWindowFocus: true,
  });
  if (!data?.reachabilities.length) return null;
  return (
    <section aria-labelledby="reach" className="reach">
      <h3 id="reach">{t("reach")}</h3>
      <ul data-reach>{data.reachabilities.map((said, index) => <One key={index} said={said} />)}</ul>
    </section>
  );
}

function One({ said }: { said: Reachability }) {
  const t = useTexts("consultation"), now = useNow(), name = usePartyName(), languages = useLanguageNames();
  const until = dateOf(said.until), past = until !== undefined && until <= now;
  // After its time a party counts as not reachable.
  const reachable = said.reachable && !past, known = until !== undefined && !past;
  const time = until && (dayKey(until) === dayKey(now) ? t("atClock", { time: clock(until) }) : moment(until));
  const substitute = !reachable && (!past || said.reachable) && said.substitute;
  return (
    <li className={reachable ? "reachable" : undefined}>
      <strong>{name(said.party)}</strong>
      <span>
        <span aria-hidden="true" className="shape">{reachable ? "●" : "○"}</span>
        {reachable ? t("reachableUntil", { time }) : known ? t("awayUntil", { time }) : t("awayUnknown")}
      </span>
      {substitute && <span>{t("substitute", { who: name(substitute) })}</span>}
      {said.languages.length > 0 && <span className="quiet">{t("languages", { languages: languages(said.languages) })}</span>}
    </li>
  );
}
