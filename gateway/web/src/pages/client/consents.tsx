import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";

import {
  AcknowledgeWithdrawalRequestSchema, ConsentService, WithdrawConsentRequestSchema, type Consent,
} from "koppi-contract/koppi/consent/v1/consent_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { day, limit } from "../../ui/dates";
import { isInForce, membersOf } from "../../ui/consent";
import { text, type Field } from "../../ui/form/fields";
import { idOf, kindOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { useProvision } from "../../ui/provision";
import { consents, type Sought } from "./read";
import { Step } from "./step";

// Consents lists the consents of the client's matters: each matter has its own.
export function Consents({ sought }: { sought: Sought }) {
  const t = useTexts("client"), { data, error, refetch } = useQuery(ConsentService.method.listConsents, sought);
  return (
    <section aria-labelledby="client-consents">
      <h2 id="client-consents">{t("consents")}</h2>
      <Problem error={error} focus={false} />
      {data?.consents.length === 0 && <p className="quiet">{t("noConsents")}</p>}
      <ul className="directives">
        {data?.consents.map((consent) => <li key={consent.subject}><One consent={consent} changed={() => void refetch()} /></li>)}
      </ul>
    </section>
  );
}

function One({ consent, changed }: { consent: Consent; changed: () => void }) {
  const t = useTexts("client"), word = useWords(), { agency } = useDirectory(), person = usePerson(), provision = useProvision();
  const { subject, withdrawal } = consent, given = dateOf(consent.givenAt), kind = kindOf(subject), took = dateOf(withdrawal?.at);
  const due = dateOf(withdrawal?.dueAt), members = membersOf(consent);
  const ours = withdrawal?.holders.find((holder) => holder.agency === person.agency);
  return (
    <>
      <p>
        <Link to="/work/$kind/$id" params={{ kind, id: idOf(subject) }} search={{}}>{word(kind)}</Link>{" "}
        <span className="quiet">{given && day(given)}, {provision(consent.provision)}</span>
      </p>
      <p>{t("disclosedTo", { who: consent.recipients.map(agency).join(", ") })}</p>
      {took && (
        <p>
          <strong>{t(withdrawal!.byClient ? "withdrawnByClient" : "withdrawnByAgency", { day: day(took) })}</strong>{" "}
          {withdrawal!.holders.map((holder) => `${agency(holder.agency)}: ${t(holder.acknowledgedAt ? "acknowledged" : "notAcknowledged")}`)
            .join("; ")}
        </p>
      )}
      {isInForce(consent) && <Step name="WithdrawConsent" of={idOf(subject)} label={t("withdrawConsent")}
        schema={WithdrawConsentRequestSchema} fields={[
          { kind: "note", name: "then", label: "withdrawConsent", text: "withdrawConsentThen" },
          ...(members.length > 1 ? [{
            kind: "options", name: "agency", label: "withdrawFrom",
            options: [{ value: "", label: "withdrawFromAll" }, ...members.map((one) => ({ value: one, ready: agency(one) }))],
          } satisfies Field] : []),
        ]}
        make={(values, requestId) => ({ requestId, subject, agency: text(values, "agency") })}
        send={(request) => consents.withdrawConsent(request)} done={changed} />}
      {ours && !ours.acknowledgedAt && <>
        {due && <p className={withdrawal!.overdue ? "late" : "quiet"}>{t("acknowledgeBy", { date: limit(due) })}</p>}
        <Step name="AcknowledgeWithdrawal" of={idOf(subject)} label={t("acknowledge")} schema={AcknowledgeWithdrawalRequestSchema}
          fields={[{ kind: "note", name: "then", label: "acknowledge", text: "acknowledgeThen" }]}
          make={(_, requestId) => ({ requestId, subject })} send={(request) => consents.acknowledgeWithdrawal(request)} done={changed} />
      </>}
    </>
  );
}
