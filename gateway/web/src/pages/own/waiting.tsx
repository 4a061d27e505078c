import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { WaitingWish, Wishes } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Problem } from "../../ui/problem";
import { Ask } from "./ask";
import { waitsFor, type useWaiting } from "./directives";
import { useDone } from "./done";
import { Dots } from "./dots";
import { Fold } from "./fold";
import { useNames } from "./names";
import { onDay } from "./ownmatter";

interface Waits { waiting: ReturnType<typeof useWaiting> }

// WaitingNotice says above the situations that something waits for the client, and leads there.
export function WaitingNotice({ waiting: { waits } }: Waits) {
  const t = useTexts("own");
  return waits.length > 0 && <p className="waiting-notice"><a href="#own-waiting">{t("waiting_count", { count: waits.length })}</a></p>;
}

// Waiting lists the directives that an agency recorded in the client's name: the client confirms or
// refuses them.
export function Waiting({ waiting: { directives, waits, error } }: Waits) {
  const t = useTexts("own"), [place, done] = useDone();
  return (
    <>
      {place}
      <Problem error={error} />
      {directives && waits.length > 0 && (
        <section className="own-part" aria-labelledby="own-waiting">
          <h2 id="own-waiting" tabIndex={-1}>{t("waiting")}</h2>
          <p>{t("waiting_what")}</p>
          <ul className="cards">
            {waits.map((one) => <li key={one.wishId}><WaitingCard one={one} open level="h3" directives={directives} done={done} /></li>)}
          </ul>
        </section>
      )}
    </>
  );
}

// Decided lists those that the client or an officer decided, and those that lapsed.
export function Decided({ directives }: { directives: Wishes | undefined }) {
  const t = useTexts("own"), now = useNow(), past = directives?.waiting.filter((one) => !waitsFor(one, now)) ?? [];
  if (!directives || past.length === 0) return null;
  return (
    <Fold name="decided" title={t("waiting_past")} level="h3">
      <ul className="cards">{past.map((one) => <li key={one.wishId}><WaitingCard one={one} level="h4" directives={directives} /></li>)}</ul>
    </Fold>
  );
}

interface Props { one: WaitingWish; open?: boolean; level: "h3" | "h4"; directives: Wishes; done?: (key: string) => void }

function WaitingCard({ one, open, level: Heading, directives, done }: Props) {
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
      <Heading id={id} className="headline">{t(`waiting_${kind}`, { who: names.recipient(recipient) })}</Heading>
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
          done={() => { ask(undefined); done?.(`waiting_done_${asked}`); }}
          send={(requestId) =>
            createClient(ConsentService, transport).decideWish({ requestId, wishId: one.wishId, confirm: asked === "yes" })}>
          <Dots lines={asked === "yes" ? means : [t("waiting_noMeans1"), t("waiting_noMeans2")]} />
        </Ask>
      )}
    </article>
  );
}
