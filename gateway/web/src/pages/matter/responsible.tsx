import { useQuery } from "@connectrpc/connect-query";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import type { LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { Contact } from "../../ui/contact";
import { limit } from "../../ui/dates";
import { useDirectory, usePartyName } from "../../ui/party";

// Responsible shows who is responsible for the matter, how to reach them, and whether they can be reached.
export function Responsible({ status, contacts }: { status?: LoopStatus; contacts: ContactPoint[] }) {
  const t = useTexts("matter"), party = usePartyName(), { agency } = useDirectory(), responsible = status?.responsible;
  // The name is not part of the party in the request.
  const asked = { agency: responsible?.agency ?? "", unit: responsible?.unit ?? "", worker: responsible?.worker ?? "" };
  const { data } = useQuery(ConsultationService.method.getReachability, { parties: [asked] }, {
    enabled: Boolean(responsible?.unit || responsible?.worker), refetchOnMount: "always", retry: false,
  });
  if (!responsible?.agency) return <p className="quiet">{t("nobodyResponsible")}</p>;
  const found = data?.reachabilities[0], until = dateOf(found?.until);
  return (
    <>
      <p>{party(responsible)}{responsible.unit && <span className="quiet"> {agency(responsible.agency)}</span>}</p>
      <Contact contacts={contacts} party={responsible} />
      {found && <p data-reachable={found.reachable}>
        <span aria-hidden="true" className="shape">{found.reachable ? "●" : "○"}</span>
        {found.reachable ? (until ? t("reachableUntil", { until: limit(until) }) : t("reachable")) : t("away")}
        {found.substitute?.agency && <> {t("substitute", { who: party(found.substitute) })}</>}
      </p>}
    </>
  );
}
