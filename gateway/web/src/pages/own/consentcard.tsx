import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button, RadioButton, RadioButtonGroup } from "suomifi-ui-components";

import { ConsentService, type Consent, type Withdrawal } from "koppi-contract/koppi/consent/v1/consent_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { isInForce, membersOf } from "../../ui/consent";
import { limit } from "../../ui/dates";
import { Ask } from "./ask";
import { Dots } from "./dots";
import { useNames } from "./names";
import { onDay, type OwnMatter } from "./ownmatter";

export const services = ["concern", "referral", "consultation", "plan"] as const;

// ConsentCard is the consent of one matter: what, to whom, until when.
export function ConsentCard({ consent, matter, done }: { consent: Consent; matter?: OwnMatter; done: (key: string) => void }) {
  const t = useTexts("own"), names = useNames(), [open, setOpen] = useState(false), { service, withdrawal } = consent;
  const about = matter?.said?.topics.join(", ") || matter?.said?.text, valid = isInForce(consent), members = membersOf(consent);
  const [whom, choose] = useState("");
  return (
    <article className="card" aria-labelledby={`consent-${consent.subject}`} data-consent={consent.subject}>
      <h4 id={`consent-${consent.subject}`}>{matter?.title || t(`consent_${service}`)}</h4>
      {about && <p className="headline">{about}</p>}
      <p>{t("consent_given", { date: onDay(dateOf(consent.givenAt)), who: names.agencyOf(consent.givenTo) })}</p>
      <dl><dt>{t("consent_to")}</dt><dd dir="auto">{consent.recipients.map((one) => names.agency(one)).join(", ")}</dd></dl>
      {withdrawal && <Withdrawn withdrawal={withdrawal} />}
      {valid && <p>{t("consent_until")}</p>}
      {valid && !open && (
        <Button variant="secondary" data-step="WithdrawConsent" onClick={() => setOpen(true)}>{t("withdraw")}</Button>
      )}
      {valid && open && (
        <Ask name={`withdraw ${consent.subject}`} title={t("withdraw_title")} label={t("withdraw")} cancel={() => setOpen(false)}
          done={() => { setOpen(false); choose(""); done("withdraw_done"); }}
          send={(requestId) =>
            createClient(ConsentService, transport).withdrawConsent({ requestId, subject: consent.subject, agency: whom })}>
          {members.length > 1 && (
            <RadioButtonGroup id={`whom-${consent.subject}`} name={`whom-${consent.subject}`} labelText={t("withdraw_whom")} value={whom}
              onChange={choose}>
              {["", ...members].map((one) => (
                <RadioButton key={one} value={one}>{one ? names.agency(one) : t("withdraw_all")}</RadioButton>
              ))}
            </RadioButtonGroup>
          )}
          <Dots lines={[
            t("withdraw_stops"), t(members.length ? "withdraw_goes" : `withdraw_${service}`), t("withdraw_copies"), t("withdraw_undo"),
          ]} />
        </Ask>
      )}
    </article>
  );
}

function Withdrawn({ withdrawal }: { withdrawal: Withdrawal }) {
  const t = useTexts("own"), names = useNames(), date = onDay(dateOf(withdrawal.at)), due = dateOf(withdrawal.dueAt);
  const open = (who: string) => (withdrawal.overdue ? t("seen_late", { who }) : t("seen_open", { who }));
  return (
    <>
      <p className="headline">
        {withdrawal.byClient ? t("withdrawn_you", { date }) : t("withdrawn_by", { date, who: names.full(withdrawal.by) })}
      </p>
      {withdrawal.holders.length > 0 && due && (
        <>
          <p>{t("withdrawn_must", { date: limit(due) })}</p>
          <Dots lines={withdrawal.holders.map(({ agency, acknowledgedAt }) => (acknowledgedAt
            ? t("seen_done", { who: names.agency(agency), date: onDay(dateOf(acknowledgedAt)) })
            : open(names.agency(agency))))} />
        </>
      )}
    </>
  );
}
