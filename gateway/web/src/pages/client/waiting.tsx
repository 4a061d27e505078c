import { DecideWishRequestSchema } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { WaitingWish, Wishes } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { moment } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { useRecipient } from "./directivefields";
import { clientOf, consents as service } from "./read";
import { Step } from "./step";

interface Props { directives: Wishes; clientId: string; changed: () => void }

// Waiting lists the directives that an officer recorded in the client's name: they take effect once
// the client or a second officer has confirmed them.
export function Waiting({ directives, clientId, changed }: Props) {
  const t = useTexts("client");
  // Confirmed directives are listed with the prohibitions and consents.
  const waiting = directives.waiting.filter(({ confirmed }) => !confirmed);
  if (!waiting.length) return null;
  return (
    <section aria-labelledby="client-waiting" className="waiting">
      <h2 id="client-waiting">{t("waiting")}</h2>
      <ul className="directives">{waiting.map((one) => (
        <li key={one.wishId} data-waiting={one.wishId}><One one={one} directives={directives} clientId={clientId} changed={changed} /></li>
      ))}</ul>
    </section>
  );
}

function One({ one, directives, clientId, changed }: Props & { one: WaitingWish }) {
  const t = useTexts("client"), now = useNow(), who = useRecipient(), party = usePartyName(), person = usePerson();
  const recorded = dateOf(one.recordedAt), until = dateOf(one.until), decided = dateOf(one.decidedAt);
  const lapsed = until !== undefined && until <= now;
  const mine = one.recordedBy?.worker === person.worker, time = until ? moment(until) : "";
  const what = {
    prohibit: () => t("waiting_prohibit", { who: who(one.of.case === "prohibit" ? one.of.value : undefined) }),
    lift: () => t("waiting_lift", {
      who: who(directives.prohibitions.find(({ prohibitionId }) => prohibitionId === one.of.value)?.recipient),
    }),
    withdraw: () => t("waiting_withdraw", { who: who(directives.consents.find(({ consentId }) => consentId === one.of.value)?.recipient) }),
  }[one.of.case ?? "prohibit"]();
  const state = decided ? (one.decidedBy ? t("refused", { who: party(one.decidedBy), time: moment(decided) })
    : t("waiting_clientRefused", { time: moment(decided) }))
    : lapsed ? t("lapsed") : t(mine ? "waiting_mine" : "waiting_yours", { time });
  const decide = (confirm: boolean, name: string, label: string, then: string) => (
    <Step name={name} of={one.wishId} label={t(label)} schema={DecideWishRequestSchema}
      fields={[{ kind: "note", name: "then", label, text: then }]}
      make={(_, requestId) => ({ requestId, client: clientOf(clientId), wishId: one.wishId, confirm })}
      send={(request) => service.decideWish(request)} done={changed} />
  );
  return (
    <>
      <p><strong>{what}</strong> <span className="quiet">{recorded && moment(recorded)}, {party(one.recordedBy)}</span></p>
      <blockquote dir="auto">{one.reason}</blockquote>
      <p className={decided || lapsed ? "quiet" : undefined}>{state}</p>
      {!one.everywhere && !lapsed && <p className="late">{t("notEverywhere")}</p>}
      {!decided && !lapsed && (
        <div className="buttons">
          {mine ? decide(false, "TakeBackDirective", "waiting_takeBack", "waiting_takeBackThen") : (
            <>
              {decide(true, "ConfirmDirective", "waiting_confirm", "waiting_confirmThen")}
              {decide(false, "RefuseDirective", "refuse", "waiting_refuseThen")}
            </>
          )}
        </div>
      )}
    </>
  );
}
