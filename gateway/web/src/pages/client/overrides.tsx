import { DecideOverrideRequestSchema, RequestOverrideRequestSchema } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { BlockedSending, Override, Wishes } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { moment } from "../../ui/dates";
import { text, type Field } from "../../ui/form/fields";
import { useDirectory, usePartyName } from "../../ui/party";
import { useProvision } from "../../ui/provision";
import { OverrideGround } from "./overrideground";
import { clientOf, consents as service } from "./read";
import { Step } from "./step";

interface Props { directives: Wishes; clientId: string; changed: () => void }

// askFields ask on which ground of law a message that was stopped is to be sent, and why.
const askFields = ({ service, receiver }: BlockedSending): Field[] => [
  { kind: "note", name: "then", label: "override", text: "overrideThen" },
  {
    kind: "drawn", name: "ground", label: "overrideGround", required: true, of: ["ground", "ground_key", "provision"],
    draw: (drawn) => OverrideGround({ ...drawn, service, receiver }),
  },
  { kind: "area", name: "reason", label: "overrideReason", hint: "overrideReasonHint", required: true },
];

// Overrides lists sendings that a prohibition stopped, and the decisions of two officers on them.
export function Overrides({ directives, clientId, changed }: Props) {
  const t = useTexts("client"), { agency } = useDirectory(), party = usePartyName();
  // One request for each service and receiver; it admits one sending.
  const stopped = [...new Map(directives.blocked.map((one) => [`${one.service} ${one.receiver}`, one])).values()];
  if (!stopped.length && !directives.overrides.length) return null;
  return (
    <div className="overrides">
      <h3>{t("overrides")}</h3>
      <ul className="directives">
        {directives.overrides.map((one) => <li key={one.overrideId}><Asked one={one} clientId={clientId} changed={changed} /></li>)}
        {stopped.map((one) => {
          const at = dateOf(one.at);
          return (
            <li key={`${one.service} ${one.receiver}`}>
              <p>
                {t("stopped", { what: t(`service_${one.service}`), who: agency(one.receiver) })}{" "}
                <span className="quiet">{at && moment(at)}, {party(one.by)}</span>
              </p>
              <Step name="RequestOverride" of={`${one.service}-${one.receiver}`} label={t("override")} schema={RequestOverrideRequestSchema}
                fields={askFields(one)}
                make={(values, requestId) => ({
                  requestId, client: clientOf(clientId), service: one.service, receiver: one.receiver,
                  groundKey: text(values, "ground"), reason: text(values, "reason"),
                })}
                send={(request) => service.requestOverride(request)} done={changed} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Asked({ one, clientId, changed }: { one: Override; clientId: string; changed: () => void }) {
  const t = useTexts("client"), now = useNow(), { agency } = useDirectory(), party = usePartyName(), person = usePerson();
  const until = dateOf(one.until), decided = dateOf(one.decidedAt), used = dateOf(one.usedAt), provision = useProvision();
  const lapsed = until !== undefined && until <= now && !used;
  const mine = one.requestedBy?.agency === person.agency && one.requestedBy.worker === person.worker;
  const state = used ? t("used", { time: moment(used) })
    : decided && !one.approved ? t("refused", { who: party(one.decidedBy), time: moment(decided) })
    : lapsed ? t("lapsed")
    : decided ? t("approved", { who: party(one.decidedBy), time: until ? moment(until) : "" })
    : t(mine ? "waitsForSecond" : "waitsForYou", { time: until ? moment(until) : "" });
  return (
    <>
      <p>
        <strong>{t("asked", { what: t(`service_${one.service}`), who: agency(one.receiver) })}</strong>{" "}
        <span className="quiet">{provision(one.provision)}, {party(one.requestedBy)}</span>
      </p>
      <blockquote dir="auto">{one.reason}</blockquote>
      <p>{state}</p>
      {!decided && !lapsed && !mine && (
        <div className="buttons">
          {([true, false] as const).map((approve) => (
            <Step key={String(approve)} name={approve ? "ApproveOverride" : "RefuseOverride"} of={one.overrideId}
              label={t(approve ? "approve" : "refuse")} schema={DecideOverrideRequestSchema}
              fields={[{ kind: "note", name: "then", label: "approve", text: approve ? "approveThen" : "refuseThen" }]}
              make={(_, requestId) => ({
                requestId, client: clientOf(clientId), service: one.service, overrideId: one.overrideId, approve,
              })}
              send={(request) => service.decideOverride(request)} done={changed} />
          ))}
        </div>
      )}
    </>
  );
}
