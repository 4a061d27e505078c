import { useQuery } from "@connectrpc/connect-query";

import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { moment } from "../../ui/dates";
import type { ReceiverValue } from "../../ui/form/fields";
import { usePartyName } from "../../ui/party";

// ReachableNow shows whether the receiver can be reached now, until when, and who substitutes.
export function ReachableNow({ party }: { party?: ReceiverValue }) {
  const t = useTexts("new"), name = usePartyName(), addressed = Boolean(party?.unit || party?.worker);
  const { data } = useQuery(
    ConsultationService.method.getReachability, { parties: [{ agency: party?.agency, unit: party?.unit, worker: party?.worker }] },
    { enabled: addressed },
  );
  const said = addressed ? data?.reachabilities[0] : undefined, until = dateOf(said?.until);
  if (!said) return null;
  return (
    <p role="status" className="quiet" data-reachable={said.reachable}>
      <span aria-hidden="true" className="shape">{said.reachable ? "●" : "○"}</span>
      {said.reachable ? until ? t("reachableUntil", { time: moment(until) }) : t("reachable") : t("notReachable")}
      {said.substitute && <> {t("substitute", { who: name(said.substitute) })}</>}
    </p>
  );
}
