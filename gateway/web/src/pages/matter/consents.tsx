import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConsentService, type Consent } from "koppi-contract/koppi/consent/v1/consent_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { isInForce } from "../../ui/consent";
import { day, limit } from "../../ui/dates";
import { useReadOnly } from "../../ui/emergency";
import { MatterLink } from "../../ui/matterlink";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { useProvision } from "../../ui/provision";
import { Reveal } from "../../ui/reveal";

const consents = createClient(ConsentService, transport);

interface Props { subject: string; caseId: string; matter: { clientId: string; availableActions: string[] } }

// Consents lists the client's consents in the case of this matter.
export function Consents({ subject, caseId, matter }: Props) {
  const t = useTexts("matter"), { clientId } = matter, readOnly = useReadOnly(matter) !== undefined;
  // The purpose is recorded with the reading.
  const read = async () => (await consents.listConsents({ clientId, purpose: t("consentsPurpose", { subject }) })).consents.filter((one) =>
    one.subject === subject || one.caseId === caseId);
  return (
    <Reveal name="consents" label={t("consents")} hint={t("consentsRecorded")} read={read}>
      {(found, again) => (found.length ? <ul className="consents">
        {found.map((consent) => (
          <li key={consent.subject}><Given consent={consent} own={subject} again={again} readOnly={readOnly} /></li>
        ))}
      </ul> : <p>{t("noConsents")}</p>)}
    </Reveal>
  );
}

function Given({ consent, own, again, readOnly }: { consent: Consent; own: string; again: () => void; readOnly: boolean }) {
  const t = useTexts("matter"), { agency } = useDirectory(), person = usePerson(), provision = useProvision();
  const [error, setError] = useState<unknown>();
  const [sure, setSure] = useState(false);
  const given = dateOf(consent.givenAt), withdrawn = dateOf(consent.withdrawal?.at), due = dateOf(consent.withdrawal?.dueAt);
  const awaited = consent.withdrawal?.holders.find((holder) => holder.agency === person.agency && !holder.acknowledgedAt);
  const act = (step: (request: { requestId: string; subject: string }) => Promise<unknown>) => {
    setError(undefined);
    void step({ requestId: crypto.randomUUID(), subject: consent.subject }).then(again, setError);
  };
  return (
    <>
      <p>
        {given && t("consentGiven", {
          day: day(given), to: consent.recipients.map(agency).join(", "), provision: provision(consent.provision),
        })}{" "}
        {consent.subject !== own && <MatterLink subject={consent.subject} />}
      </p>
      {withdrawn && (
        <p><strong>{t("consentWithdrawn", { day: day(withdrawn) })}</strong> {awaited && due && t("consentRemove", { due: limit(due) })}</p>
      )}
      <Problem error={error} />
      {awaited && !readOnly && <Button type="button" variant="secondary" data-consent="acknowledge"
        onClick={() => act((request) => consents.acknowledgeWithdrawal(request))}>{t("consentAcknowledge")}</Button>}
      {isInForce(consent) && !sure && !readOnly && (
        <button type="button" className="plain" onClick={() => setSure(true)} data-consent="withdraw">{t("consentWithdraw")}</button>
      )}
      {isInForce(consent) && sure && <div role="group" aria-label={t("consentWithdraw")}>
        <p role="alert">{t("consentWithdrawSure")}</p>
        <div className="buttons">
          <Button type="button" autoFocus onClick={() => act((request) => consents.withdrawConsent(request))} data-consent="sure">
            {t("consentWithdraw")}
          </Button>
          <Button type="button" variant="secondary" onClick={() => setSure(false)}>{t("keep")}</Button>
        </div>
      </div>}
    </>
  );
}
