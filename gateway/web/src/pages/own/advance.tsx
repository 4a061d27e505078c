import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { AdvanceConsent } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Ask } from "./ask";
import { Dots } from "./dots";
import { Fold } from "./fold";
import { Give } from "./give";
import { useNames } from "./names";
import { onDay } from "./ownmatter";

interface Props { consents: AdvanceConsent[]; done: (key: string) => void }

// Advance shows the consents in advance.
export function Advance({ consents, done }: Props) {
  const t = useTexts("own"), now = useNow(), [open, setOpen] = useState(false);
  const over = (one: AdvanceConsent) => Boolean(one.withdrawnAt) || (dateOf(one.until)?.getTime() ?? 0) < now.getTime();
  const cards = (some: AdvanceConsent[]) => (
    <ul className="cards">{some.map((one) => <li key={one.consentId}><AdvanceCard consent={one} over={over(one)} done={done} /></li>)}</ul>
  );
  const inForce = consents.filter((one) => !over(one)), past = consents.filter(over);
  return (
    <section className="own-part" aria-labelledby="own-advance">
      <h3 id="own-advance">{t("advance")}</h3>
      <p>{t("advance_what")}</p>
      {inForce.length === 0 && <p>{t("advance_none")}</p>}
      {cards(inForce)}
      {past.length > 0 && <Fold name="earlier" title={t("earlier")} of={t("advance")} level="h4">{cards(past)}</Fold>}
      {open ? <Give cancel={() => setOpen(false)} done={() => { setOpen(false); done("advance_done"); }} /> : <div className="buttons">
        <Button variant="secondary" data-begin="GiveConsent" onClick={() => setOpen(true)}>{t("advance_give")}</Button>
      </div>}
    </section>
  );
}

function AdvanceCard({ consent, over, done }: { consent: AdvanceConsent; over: boolean; done: (key: string) => void }) {
  const t = useTexts("own"), names = useNames(), [open, setOpen] = useState(false), id = `advance-${consent.consentId}`;
  const given = onDay(dateOf(consent.givenAt)), until = onDay(dateOf(consent.until)), withdrawn = dateOf(consent.withdrawnAt);
  return (
    <article className="card" aria-labelledby={id} data-advance={consent.consentId}>
      <h4 id={id}>{names.recipient(consent.recipient)}</h4>
      <p className="headline" dir="auto">{consent.purpose}</p>
      <p>{consent.services.map((service) => t(`consent_${service}`)).join(", ")}.</p>
      <p>{t(over ? "advance_past" : "advance_valid", { given, until: withdrawn ? onDay(withdrawn) : until })}</p>
      {consent.by && <p>{t("advance_by", { who: names.full(consent.by) })}</p>}
      {withdrawn && <p>{consent.withdrawnBy ? t("withdrawn_by", { date: onDay(withdrawn), who: names.full(consent.withdrawnBy) })
        : t("withdrawn_you", { date: onDay(withdrawn) })}</p>}
      {consent.withdrawalReason && <p>{t("override_reason", { reason: consent.withdrawalReason })}</p>}
      <p>{consent.citedIn.length > 0 ? t("advance_used", { count: consent.citedIn.length }) : t("advance_unused")}</p>
      {!consent.everywhere && <p><strong>{t("unfinished")}</strong></p>}
      {(!withdrawn || !consent.everywhere) && !open && (
        <Button variant="secondary" data-step="WithdrawAdvanceConsent" onClick={() => setOpen(true)}>{t("withdraw")}</Button>
      )}
      {open && (
        <Ask name={`withdrawAdvance ${consent.consentId}`} title={t("withdraw_title")} label={t("withdraw")} cancel={() => setOpen(false)}
          done={() => { setOpen(false); done("withdraw_done"); }}
          send={(requestId) => createClient(ConsentService, transport).withdrawAdvanceConsent({ requestId, consentId: consent.consentId })}>
          <Dots lines={[
            t("withdraw_stops"), ...(consent.citedIn.length > 0 ? [t("advance_cites")] : []), t("withdraw_copies"), t("withdraw_undo"),
          ]} />
        </Ask>
      )}
    </article>
  );
}
