import { useQuery } from "@connectrpc/connect-query";

import {
  ConsentService, GiveConsentRequestSchema, LiftProhibitionRequestSchema, ProhibitTransferRequestSchema,
  WithdrawAdvanceConsentRequestSchema,
} from "koppi-contract/koppi/consent/v1/consent_pb";
import type { AdvanceConsent, Prohibition } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { day } from "../../ui/dates";
import { list, text, type Field } from "../../ui/form/fields";
import { endOfDay, finnish } from "../../ui/form/times";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { useProvision } from "../../ui/provision";
import { makeRecipient, RecipientField, ServicesField, useRecipient } from "./directivefields";
import { Overrides } from "./overrides";
import { Waiting } from "./waiting";
import { clientOf, consents as service, type Sought } from "./read";
import { Step } from "./step";

const recipient: Field = {
  kind: "drawn", name: "recipient", label: "recipient", required: true, draw: (drawn) => <RecipientField {...drawn} />,
};
const reason: Field = { kind: "area", name: "reason", label: "directiveReason", hint: "overrideReasonHint", required: true };
// A directive that an agency records waits for confirmation: the form says by whom before it is
// sent.
const note = (label: string, name: string): Field => ({ kind: "note", name, label, text: name });
const consentFields: Field[] = [
  { kind: "note", name: "then", label: "giveConsent", text: "giveConsentThen" },
  recipient,
  { kind: "drawn", name: "services", label: "services", required: true, draw: (drawn) => <ServicesField {...drawn} /> },
  { kind: "line", name: "purpose", label: "directivePurpose", hint: "directivePurposeHint", required: true },
  { kind: "line", name: "provision", label: "provision", required: true },
  { kind: "moment", name: "givenAt", label: "givenAt", hint: "givenAtHint", of: ["given_at"] },
  { kind: "day", name: "until", label: "until", hint: "untilHint", required: true },
];

// Directives shows the client's directives for future matters: consents in advance, prohibitions,
// and what the law admits in spite of a prohibition.
export function Directives({ sought }: { sought: Sought }) {
  const t = useTexts("client"), { data, error, refetch } = useQuery(ConsentService.method.listWishes, sought), found = data?.wishes;
  const changed = () => void refetch();
  const client = clientOf(sought.clientId);
  return (
    <>
      <Problem error={error} focus={false} />
      {found && <Waiting directives={found} clientId={sought.clientId} changed={changed} />}
      <section aria-labelledby="client-prohibitions">
        <h2 id="client-prohibitions">{t("prohibitions")}</h2>
        {found && !found.prohibitions.length && !found.blocked.length && <p className="quiet">{t("noProhibitions")}</p>}
        <ul className="directives">{found?.prohibitions.map((one) => (
          <li key={one.prohibitionId}><Prohibited one={one} clientId={sought.clientId} changed={changed} /></li>
        ))}</ul>
        {found && <Step name="ProhibitTransfer" of={sought.clientId} label={t("prohibit")} schema={ProhibitTransferRequestSchema}
          fields={[note("prohibit", "prohibitThen"), note("prohibit", "waitingThen"), recipient, reason]}
          make={(values, requestId) => ({ requestId, client, recipient: makeRecipient(values), reason: text(values, "reason") })}
          send={(request) => service.prohibitTransfer(request)} done={changed} />}
        {found && <Overrides directives={found} clientId={sought.clientId} changed={changed} />}
      </section>
      <section aria-labelledby="client-advance">
        <h2 id="client-advance">{t("advance")}</h2>
        {found && !found.consents.length && <p className="quiet">{t("noAdvance")}</p>}
        <ul className="directives">
          {found?.consents.map((one) => <li key={one.consentId}><Advance one={one} clientId={sought.clientId} changed={changed} /></li>)}
        </ul>
        {found && <Step name="GiveConsent" of={sought.clientId} label={t("giveConsent")} schema={GiveConsentRequestSchema}
          fields={consentFields} initial={{ provision: "1301/2014 § 35.1" }}
          make={(values, requestId) => ({
            requestId, client, recipient: makeRecipient(values), services: list(values, "services"), purpose: text(values, "purpose"),
            provision: text(values, "provision"), givenAt: finnish(text(values, "givenAt")), until: endOfDay(text(values, "until")),
          })}
          send={(request) => service.giveConsent(request)} done={changed} />}
      </section>
    </>
  );
}

interface Directive<T> { one: T; clientId: string; changed: () => void }

function Prohibited({ one, clientId, changed }: Directive<Prohibition>) {
  const t = useTexts("client"), who = useRecipient(), party = usePartyName(), person = usePerson(), given = dateOf(one.givenAt);
  const lifted = dateOf(one.liftedAt);
  return (
    <>
      <p><strong>{t("mayNotBeDisclosed", { who: who(one.recipient) })}</strong> <span className="quiet">
        {given && day(given)}, {one.by ? party(one.by) : t("byClient")}{one.confirmedByClient && `, ${t("confirmedByClient")}`}
      </span></p>
      {one.reason && <blockquote dir="auto">{one.reason}</blockquote>}
      {lifted && <p className="quiet">{t("lifted", { day: day(lifted) })}</p>}
      {!one.everywhere && <p className="late">{t("notEverywhere")}</p>}
      {!lifted && one.by?.agency === person.agency && <Step name="LiftProhibition" of={one.prohibitionId} label={t("lift")}
        schema={LiftProhibitionRequestSchema} fields={[note("lift", "liftThen"), note("lift", "waitingThen"), reason]}
        make={(values, requestId) => ({
          requestId, client: clientOf(clientId), prohibitionId: one.prohibitionId, reason: text(values, "reason"),
        })}
        send={(request) => service.liftProhibition(request)} done={changed} />}
    </>
  );
}

function Advance({ one, clientId, changed }: Directive<AdvanceConsent>) {
  const t = useTexts("client"), person = usePerson(), now = useNow(), who = useRecipient(), party = usePartyName();
  const given = dateOf(one.givenAt), until = dateOf(one.until), withdrawn = dateOf(one.withdrawnAt), provision = useProvision();
  return (
    <>
      <p>
        <strong>{t("mayBeDisclosed", { who: who(one.recipient) })}</strong>{" "}
        {one.services.map((name) => t(`service_${name}`)).join(", ")}
      </p>
      <p><bdi>{one.purpose}</bdi> <span className="quiet">
        {given && day(given)}–{until && day(until)}, {provision(one.provision)}, {one.by ? party(one.by) : t("byClient")}
      </span></p>
      {withdrawn && <p className="quiet">{t("withdrawnOn", { day: day(withdrawn) })}</p>}
      {!withdrawn && until && until < now && <p className="quiet">{t("runOut")}</p>}
      {!one.everywhere && <p className="late">{t("notEverywhere")}</p>}
      {!withdrawn && <Step name="WithdrawAdvanceConsent" of={one.consentId} label={t("withdrawAdvance")}
        schema={WithdrawAdvanceConsentRequestSchema}
        fields={[
          note("withdrawAdvance", "withdrawAdvanceThen"),
          ...(one.sender === person.agency ? [] : [note("withdrawAdvance", "waitingThen")]), reason,
        ]}
        make={(values, requestId) => ({ requestId, client: clientOf(clientId), consentId: one.consentId, reason: text(values, "reason") })}
        send={(request) => service.withdrawAdvanceConsent(request)} done={changed} />}
    </>
  );
}
