import { enumFromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { Dropdown, DropdownItem } from "suomifi-ui-components";

import { Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ReferralService, SendReferralRequestSchema } from "koppi-contract/koppi/referral/v1/referral_pb";
import { ReferralKindSchema } from "koppi-contract/koppi/referral/v1/state_pb";
import { AgencyKind } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { dayKey, onDate } from "../../ui/dates";
import { attachmentIds, attachmentNames, receiver, text, type Drawn, type Values } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf } from "../../ui/ground/value";
import { nameOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { draftOf, type Beginning } from "./begin";
import { clientFields, clientLanguage, interpreterOf, makeClient, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { municipalityFields, municipalityOf } from "./municipality";
import { Preview } from "./preview";
import { useUrgencyFields } from "./urgency";

const isService = ({ kind }: Values) => kind === "REFERRAL_KIND_SERVICE";

// The outcome of each kind, and the label of its reason.
export const referralKinds = [
  "REFERRAL_KIND_SERVICE", "REFERRAL_KIND_APPLICATION_TRANSFER", "REFERRAL_KIND_DECISION_NOTICE", "REFERRAL_KIND_DOCUMENTS",
] as const;
const isMoved = ({ kind }: Values) => kind === "REFERRAL_KIND_APPLICATION_TRANSFER";

// aYearBefore returns the same day of the previous year; 29 February becomes 28 February.
const aYearBefore = (key: string) => `${Number(key.slice(0, 4)) - 1}${key.slice(4).replace("02-29", "02-28")}`;
const serviceKey = (values: Values) => (isService(values) ? text(values, "service") : "");

// proposedKind returns the kind of agency that decides on applications which the sender's agency
// transfers.
const proposedKind = (values: Values, sender: AgencyKind | undefined) => (!isMoved(values) ? undefined
  : sender === AgencyKind.BENEFITS ? AgencyKind.SOCIAL_SERVICES : AgencyKind.BENEFITS);

// NewReferral is the form of a referral: a request to take over a part of a matter, or the transfer
// of an application, a decision or documents. The kind determines the other fields.
export function NewReferral({ origin, arrived }: Beginning) {
  const t = useTexts("new"), word = useWords(), now = useNow(), person = usePerson(), name = useClientName(), [language] = useLanguage();
  const urgencyFields = useUrgencyFields();
  const sought = (values: Values) => ({
    service: serviceKey(values), municipality: municipalityOf(values), language: clientLanguage(values, origin),
  });
  const today = dayKey(now), sender = useDirectory().agencies.find(({ agency }) => agency === person.agency)?.kind;
  const pages = (values: Values): GuidePage[] => [
    { name: "who", heading: "pageWho", fields: [
      ...clientFields(origin, now, values, true),
      {
        kind: "options", name: "kind", label: "kind", required: true, missing: "missingKind",
        options: referralKinds.map((kind) => ({ value: kind, label: `kind_${kind}` })),
      },
      { kind: "note", name: "kindHint", label: "kind", text: `kindHint_${text(values, "kind")}`, when: () => text(values, "kind") !== "" },
      { kind: "drawn", name: "service", label: "service", of: ["service_key"], when: isService, draw: (drawn) => <Service {...drawn} /> },
      ...(origin ? [] : municipalityFields),
      {
        kind: "receiver", name: "receiver", label: "receiver", required: true, missing: "missingReceiver", without: [person.agency],
        ...sought(values),
        propose: { kind: proposedKind(values, sender) },
      },
    ] },
    { name: "what", heading: "pageWhat", fields: [
      { kind: "area", name: "reason", label: `reason_${String(values.kind)}`, required: true, missing: "missingReason" },
      {
        kind: "day", name: "arrivedOn", label: "arrivedOn", hint: "arrivedOnHint", required: true, of: ["application_arrived_on"],
        missing: "missingArrivedOn", from: aYearBefore(today), until: today, when: isMoved,
      },
      { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
      ...urgencyFields(values, sought(values)),
    ] },
    { name: "basis", heading: "pageBasis", fields: [
      ...groundFields({
        message: text(values, "kind") && `referral/${text(values, "kind")}`, receiver: "receiver", clientId: origin?.clientId,
      }, values),
      ...attestedFields(values),
    ] },
  ];
  return (
    <GuidedForm draft={draftOf("referral", origin)} title={t("referral")} schema={SendReferralRequestSchema} pages={pages}
      sendLabel={t("sendReferral")}
      initial={{
        ...noClient(language), kind: "", service: "", reason: "", arrivedOn: today, urgency: origin?.urgency ?? "",
      }}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), receiver: receiver(values, "receiver"), basis: basisOf(values),
        kind: text(values, "kind") ? enumFromJson(ReferralKindSchema, text(values, "kind") as never) : 0, serviceKey: serviceKey(values),
        reason: text(values, "reason"), applicationArrivedOn: isMoved(values) ? text(values, "arrivedOn") : "",
        urgency: text(values, "urgency") ? enumFromJson(UrgencySchema, text(values, "urgency") as never) : 0,
        attachmentIds: attachmentIds(values, "attachments"), caseId: origin?.caseId ?? "",
      })}
      send={async (request) => {
        const { referral } = await createClient(ReferralService, transport).sendReferral(request);
        return {
          subject: `referrals/${referral?.referralId}`, number: referral?.matterNumber, status: referral?.status,
          emergency: request.urgency === Urgency.EMERGENCY,
          after: `after_${nameOf(ReferralKindSchema, request.kind)}`,
        };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={values} client={name(values, origin)} sought={sought(values)}
          language={clientLanguage(values, origin)} interpreter={interpreterOf(values, origin)}
          after={`after_${String(values.kind)}`} content={[
          [t("kind"), text(values, "kind") && t(`kind_${text(values, "kind")}`)],
          ...(serviceKey(values) ? [[t("service"), word(serviceKey(values))] as [string, string]] : []),
          [t(`reason_${String(values.kind)}`), text(values, "reason")],
          ...(isMoved(values) ? [[t("arrivedOn"), onDate(text(values, "arrivedOn"))] as [string, string]] : []),
          [t("attachments"), attachmentNames(values, "attachments") || t("noAttachments")],
          [t("urgency"), text(values, "urgency") && word(text(values, "urgency"))],
        ]} />
      )} />
  );
}

// Service selects a service that some unit of the directory offers, or none.
function Service({ id, value, change, wrong }: Drawn) {
  const t = useTexts("new"), form = useTexts("form"), word = useWords(), { agencies } = useDirectory();
  const offered = [...new Set(agencies.flatMap(({ units }) => units.flatMap((unit) => unit.serviceKeys)))];
  return (
    <Dropdown id={id} labelText={t("service")} hintText={t("serviceHint")} optionalText={form("optional")}
      visualPlaceholder={t("serviceOther")} value={value ? String(value) : null} onChange={change} status={wrong ? "error" : "default"}
      statusText={wrong} fullWidth>
      {[<DropdownItem key="" value="">
        {t("serviceOther")}
      </DropdownItem>, ...offered.map((one) => <DropdownItem key={one} value={one}>{word(one)}</DropdownItem>)]}
    </Dropdown>
  );
}
