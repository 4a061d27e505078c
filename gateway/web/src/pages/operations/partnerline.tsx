import { useMutation } from "@connectrpc/connect-query";
import { Button } from "suomifi-ui-components";

import { ParkingService, type Parked } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { OperatorService, type GetOverviewResponse } from "koppi-contract/koppi/operator/v1/operator_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { dayKey, limit, spokenTime } from "../../ui/dates";
import { kindOf, shortId } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { errorText, refusalText, type Partner, type State } from "./partners";

// Shape and text say the state; colour is additional.
const marks: Record<State, [shape: string, text: string]> = {
  failing: ["✕", "stateFailing"], parked: ["■", "stateParked"], lagging: ["▲", "stateLagging"], unknown: ["?", "stateUnknown"],
  working: ["✓", "stateWorking"],
};

// when is a time as people say it, without the day if that is the day of now.
const when = (time: Date, now: Date | undefined) => (now && dayKey(time) === dayKey(now) ? spokenTime(time) : limit(time));

interface Props { partner: Partner; overview: GetOverviewResponse; changed: () => void }

// PartnerLine is the state of one system: whether it takes its messages, how many wait, when it last took
// one, and why it does not.
export function PartnerLine({ partner, overview, changed }: Props) {
  const t = useTexts("operations"), { agency } = useDirectory();
  const { called, consumer, state, behind, waitingSince, succeededAt, endpoint, parked } = partner;
  const wallNow = dateOf(overview.wallNow), now = endpoint?.lastSuccessAt ? wallNow : dateOf(overview.now);
  const failing = endpoint?.failingSince !== undefined, again = dateOf(endpoint?.againAt), [shape, text] = marks[state];
  const reads = consumer === "default" ? t("reads") : t("readsAs", { consumer });
  return (
    <li className={`partner ${state}`} data-agency={partner.agency} data-consumer={consumer} data-state={state}>
      <div className="partner-line">
        <strong className="state"><span aria-hidden="true" className="shape">{shape}</span>{t(text)}</strong>
        <span className="name">
          <strong>{agency(partner.agency)}</strong> <span className="quiet">{called ? t("called") : reads}</span>
        </span>
        <span className="queue">{t("queue", { count: behind })}{waitingSince && state !== "working" && (
          <span className="quiet"> {t("oldestWaits", { when: when(waitingSince, wallNow) })}</span>
        )}</span>
        <span className="last">
          {succeededAt ? t(called ? "delivered" : "acknowledged", { when: when(succeededAt, now) }) : t("never")}
        </span>
        <span className="why">
          {failing ? <>{t(errorText(endpoint), { status: endpoint.lastHttpStatus })}{again && (
            <span className="quiet"> {t("tried", { when: when(again, wallNow) })}</span>
          )}</> : state === "failing" ? t("errorElsewhere") : null}
        </span>
        {state === "failing" && <DeliverNow agency={partner.agency} named={agency(partner.agency)} changed={changed} />}
      </div>
      {parked.length > 0 && <ul className="refused" aria-label={t("refusedBy", { agency: agency(partner.agency) })}>
        {parked.map((one) => <Refused key={`${one.service} ${one.subject}`} one={one} now={dateOf(overview.now)} changed={changed} />)}
      </ul>}
    </li>
  );
}

function DeliverNow({ agency, named, changed }: { agency: string; named: string; changed: () => void }) {
  const t = useTexts("operations"), deliver = useMutation(OperatorService.method.deliverNow, { onSettled: changed });
  return (
    <span className="deliver">
      <Button variant="secondary" onClick={() => deliver.mutate({ agency })}>{t("deliver")}<span className="hidden"> {named}</span></Button>
      <span role="status">{deliver.data && t(deliver.data.asked ? "asked" : "notAsked")}</span>
      <Problem error={deliver.error} />
    </span>
  );
}

// Refused is a matter of which the system refused a message permanently: its messages wait, and those of
// other matters arrive.
function Refused({ one, now, changed }: { one: Parked; now?: Date; changed: () => void }) {
  const t = useTexts("operations"), word = useWords(), retry = useMutation(ParkingService.method.retryParked, { onSettled: changed });
  const at = dateOf(one.refusedAt), name = `${word(kindOf(one.subject))} ${shortId(one.subject)}`;
  return (
    <li data-subject={one.subject}>
      <span className="name">{name}</span>
      <span className="why">{at && t("refusedAt", { when: when(at, now) })} {t(refusalText(one))}</span>
      {one.retry ? <span className="quiet">{t("retrying")}</span> : (
        <Button variant="secondary" onClick={() => retry.mutate({
          agency: one.agency, consumer: one.consumer, service: one.service, subject: one.subject,
        })}>{t("deliver")}<span className="hidden"> {name}</span></Button>
      )}
      <Problem error={retry.error} />
    </li>
  );
}
