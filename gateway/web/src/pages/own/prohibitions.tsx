import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { Prohibition } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf } from "../../app/clock";
import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import "../../ui/form/form.css";
import { Ask } from "./ask";
import { Dots } from "./dots";
import { Fold } from "./fold";
import { useNames } from "./names";
import { focusField, RecipientChoice, recipientOf } from "./recipient";
import { onDay } from "./ownmatter";

type Done = (key: string) => void;

// Prohibitions lists the recipients to whom nothing new may be disclosed.
export function Prohibitions({ prohibitions, done }: { prohibitions: Prohibition[]; done: Done }) {
  const t = useTexts("own"), [open, setOpen] = useState(false);
  const cards = (some: Prohibition[]) => (
    <ul className="cards">{some.map((one) => <li key={one.prohibitionId}><ProhibitionCard prohibition={one} done={done} /></li>)}</ul>
  );
  const inForce = prohibitions.filter(({ liftedAt }) => !liftedAt), lifted = prohibitions.filter(({ liftedAt }) => liftedAt);
  return (
    <section className="own-part" aria-labelledby="own-prohibitions">
      <h3 id="own-prohibitions">{t("prohibitions")}</h3>
      <p>{t("prohibitions_what")}</p>
      {inForce.length === 0 && <p>{t("prohibitions_none")}</p>}
      {cards(inForce)}
      {lifted.length > 0 && (
        <Fold name="earlier" title={t("earlier")} of={t("prohibitions")} level="h4">{cards(lifted)}</Fold>
      )}
      {open ? <Prohibit cancel={() => setOpen(false)} done={() => { setOpen(false); done("prohibit_done"); }} /> : <div className="buttons">
        <Button variant="secondary" data-begin="ProhibitTransfer" onClick={() => setOpen(true)}>{t("prohibit")}</Button>
      </div>}
    </section>
  );
}

function Prohibit({ done, cancel }: { done: () => void; cancel: () => void }) {
  const t = useTexts("own"), [{ who }, change, forget] = useDraft("own prohibit", { who: "" }), [tried, setTried] = useState(false);
  const missing = () => {
    setTried(true);
    if (!who) focusField("prohibit-who");
    return !who;
  };
  return (
    <Ask name="prohibit" title={t("prohibit")} label={t("prohibit_send")} missing={missing} cancel={() => { forget(); cancel(); }}
      done={() => { forget(); done(); }}
      send={(requestId) => createClient(ConsentService, transport).prohibitTransfer({ requestId, recipient: recipientOf(who) })}>
      <RecipientChoice id="prohibit-who" label={t("prohibit_who")} value={who} change={(chosen) => change({ who: chosen })}
        wrong={tried && !who ? t("needed_who") : undefined} />
      <h5>{t("prohibit_meansTitle")}</h5>
      <Dots lines={[t("prohibit_means1"), t("prohibit_means2"), t("prohibit_means3")]} />
      <h5>{t("prohibit_cannotTitle")}</h5>
      <Dots lines={[t("prohibit_cannot1"), t("prohibit_cannot3"), t("prohibit_cannot2")]} />
    </Ask>
  );
}

function ProhibitionCard({ prohibition, done }: { prohibition: Prohibition; done: Done }) {
  const t = useTexts("own"), names = useNames(), [open, setOpen] = useState(false), id = `prohibition-${prohibition.prohibitionId}`;
  const { withdrawn, continuing, by, liftedAt } = prohibition;
  return (
    <article className="card" aria-labelledby={id} data-prohibition={prohibition.prohibitionId}>
      <h4 id={id} className="headline">{names.recipient(prohibition.recipient)}</h4>
      <p>{t("prohibited", { date: onDay(dateOf(prohibition.givenAt)) })} {liftedAt && t("lifted", { date: onDay(dateOf(liftedAt)) })}</p>
      {by && <p>{t(prohibition.confirmedByClient ? "prohibited_confirmed" : "prohibited_by", { who: names.full(by) })}</p>}
      {prohibition.reason && <p>{t("override_reason", { reason: prohibition.reason })}</p>}
      {withdrawn.length > 0 && <p>{t("prohibited_withdrew", { count: withdrawn.length })}</p>}
      {continuing.length > 0 && <p>{t("prohibited_goes", { count: continuing.length })}</p>}
      {!prohibition.everywhere && <p><strong>{t("unfinished")}</strong></p>}
      {(!liftedAt || !prohibition.everywhere) && !open && (
        <Button variant="secondary" data-step="LiftProhibition" onClick={() => setOpen(true)}>{t("lift")}</Button>
      )}
      {open && (
        <Ask name={`lift ${prohibition.prohibitionId}`} title={t("lift_title")} label={t("lift")} cancel={() => setOpen(false)}
          done={() => { setOpen(false); done("lift_done"); }}
          send={(requestId) =>
            createClient(ConsentService, transport).liftProhibition({ requestId, prohibitionId: prohibition.prohibitionId })}>
          <Dots lines={[t("lift_means1"), t("lift_means2")]} />
        </Ask>
      )}
    </article>
  );
}
