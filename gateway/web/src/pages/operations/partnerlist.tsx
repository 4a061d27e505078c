import { Details } from "suomifi-ui-components";

import type { GetOverviewResponse } from "koppi-contract/koppi/operator/v1/operator_pb";
import { useTexts } from "../../app/language";
import { useDirectory } from "../../ui/party";
import { PartnerLine } from "./partnerline";
import { isTroubled, type Partner } from "./partners";

// So many lines are shown in any case; systems that work fold above that.
const inView = 8;

interface Props { partners: Partner[]; overview: GetOverviewResponse; changed: () => void }

// Partners is the map of the agencies' systems: those that need an operator first.
export function Partners({ partners, overview, changed }: Props) {
  const t = useTexts("operations"), { agencies, agency } = useDirectory();
  const shown = Math.max(inView, partners.filter(isTroubled).length);
  const without = agencies.map((one) => one.agency).filter((key) => !partners.some((one) => one.agency === key)).map(agency);
  const lines = (some: Partner[]) => some.map((partner) => (
    <PartnerLine key={`${partner.agency} ${partner.consumer}`} partner={partner} overview={overview} changed={changed} />
  ));
  const folded = partners.slice(shown);
  return (
    <section id="operations-partners" tabIndex={-1} aria-labelledby="operations-partners-title" data-section="partners">
      <h2 id="operations-partners-title">{t("partners")}</h2>
      {partners.length === 0 && <p>{t("noPartners")}</p>}
      <ul className="partners">{lines(partners.slice(0, shown))}</ul>
      {folded.length > 0 && (
        <Details summaryLabel={t("others", { count: folded.length })}><ul className="partners">{lines(folded)}</ul></Details>
      )}
      {partners.length > 0 && without.length > 0 && <p className="quiet without">{t("without", { agencies: without.join(", ") })}</p>}
    </section>
  );
}
