import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { WaitingWish, Wishes } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Ask } from "./ask";
import { Dots } from "./dots";
import { useNames } from "./names";
import { onDay } from "./ownmatter";

interface Props { directives: Wishes | undefined; done: (key: string) => void }

// Waiting lists the directives that an agency recorded in the client's name: the client confirms or
// refuses them.
export function Waiting({ directives, done }: Props) {
  const t = useTexts("own"), now = useNow();
  if (!directives?.waiting.length) return null;
  const open = (one: WaitingWish) => !one.decidedAt && (dateOf(one.until)?.getTime() ?? 0) > now.getTime();
  const cards = (some: WaitingWish[]) => <ul className="cards">
    {some.map((one) => <li key={one.wishId}><WaitingCard one={one} open={open(one)} directives={directives} done={done} /></li>)}
  </ul>;
  const waits = directives.waiting.filter(open), past = directives.waiting.filter((one) => !open(one));
  return (
    <section className="own-part" aria-labelledby="own-waiting">
      <h3 id="own-waiting">{t("waiting")}</h3>
      <p>{t(waits.length > 0 ? "waiting_what" : "waiting_none")}</p>
      {cards(waits)}
      {past.length > 0 && <details><summary>{t("earlier")}</summary>{cards(past)}</details>}
    </section>
  );
}

function WaitingCard({ one, open, directives, done }: { one: WaitingWish; open: boolean; directives: Wishes; done: Props["done"] }) {
  const t = useTexts("own"), names = useNames(), [asked, ask] = useState<"yes" | "no">(), id = `waiting-${one.wishId}`;
  const kind = one.of.case ?? "prohibit", decided = dateOf(one.decidedAt);
  const recipient = one.of.case === "prohibit" ? one.of.value
    : (directives.prohibitions.find(({ prohibitionId }) => prohibitionId === one.of.value)
      ?? directives.consents.find(({ consentId }) => consentId === one.of.value))?.recipient;
  const means = {
    prohibit: [t("prohibit_means1"), t("prohibit_means2"), t("prohibit_means3")], lift: [t("lift_means1"), t("lift_means2")],
    withdraw: [t("withdraw_stops"), t("advance_cites"), t("withdraw_copies"), t("withdraw_undo")],
  }[kind];
  const came = !decided ? t("waiting_lapsed", { until: onDay(dateOf(one.until)) })
    : t(`waiting_${one.decidedBy ? "officer" : "you"}${one.confirmed ? "Confirmed" : "Refused"}`, { date: onDay(decided) });
  return (
    <article className="card" aria-labelledby={id} data-waiting={one.wishId}>
      <h4 id={id} className="headline">{t(`waiting_${kind}`, { who: names.recipient(recipient) })}</h4>
      <p>{t("waiting_by", { date: onDay(dateOf(one.recordedAt)), who: names.full(one.recordedBy) })}</p>
      <p>{t("override_reason", { reason: one.reason })}</p>
      <p>{open ? t("waiting_until", { until: onDay(dateOf(one.until)) }) : came}</p>
      {open && !asked && (
        <div className="buttons">
          <Button data-step="ConfirmDirective" onClick={() => ask("yes")}>{t("waiting_yes")}</Button>
          <Button variant="secondary" data-step="RefuseDirective" onClick={() => ask("no")}>{t("waiting_no")}</Button>
        </div>
      )}
      {asked && (
        <Ask name={`${asked} ${one.wishId}`} title={t(`waiting_title_${asked}`)} label={t(`waiting_${asked}`)} cancel={() => ask(undefined)}
          done={() => { ask(undefined); done(`waiting_done_${asked}`); }}
          send={(requestId) =>
            createClient(ConsentService, transport).decideWish({ requestId, wishId: one.wishId, confirm: asked === "yes" })}>
          <Dots lines={asked === "yes" ? means : [t("waiting_noMeans1"), t("waiting_noMeans2")]} />
        </Ask>
      )}
    </article>
  );
}
