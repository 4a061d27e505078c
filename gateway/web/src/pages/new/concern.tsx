import { enumFromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";

import { LegalGround, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernService, SubmitConcernRequestSchema } from "koppi-contract/koppi/concern/v1/concern_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { AgencyKind } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { attachmentIds, attachmentNames, list, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { useDirectory } from "../../ui/party";
import { basisFields, basisGiven, beginnings, groundFields, groundOf, makeBasis, type Ground } from "./basis";
import { draftOf, type Beginning } from "./begin";
import { clientFields, clientGiven, clientLanguage, makeClient, municipalityField, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { OpenCheck } from "./opencheck";
import { Preview } from "./preview";
import { urgencyFields } from "./urgency";

const grounds: Ground[] = [
  {
    name: "consent", ground: LegalGround.CLIENT_CONSENT, label: "groundConsent", hint: "groundConsentHint",
    provision: "1301/2014 § 35.1",
  },
  {
    name: "notification", ground: LegalGround.STATUTORY_NOTIFICATION, label: "groundNotification", hint: "groundNotificationHint",
    provision: "1301/2014 § 35.2",
  },
];
const consented = (values: Values) => groundOf(grounds, values)?.ground === LegalGround.CLIENT_CONSENT;

// NewConcern is the form of a concern report. The first page asks whether the client has consented:
// that decides what the next may contain.
export function NewConcern({ origin, arrived }: Beginning) {
  const t = useTexts("new"), word = useWords(), now = useNow(), person = usePerson(), directory = useDirectory(), name = useClientName();
  const [language] = useLanguage();
  const toYouthWork = (values: Values) =>
    directory.agencies.find(({ agency }) => agency === receiver(values, "receiver")?.agency)?.kind === AgencyKind.YOUTH_WORK;
  // Without consent, outreach youth work receives only the identity, the contact details and the
  // urgency (1285/2016 § 11).
  const topicless = (values: Values) => !consented(values) && toYouthWork(values);
  const checked = (values: Values) => (basisGiven(grounds, values) && clientGiven(values, origin) && receiver(values, "receiver")?.agency
    ? { client: makeClient(values, origin), receiver: receiver(values, "receiver"), basis: makeBasis(grounds, values) } : undefined);
  const pages = (values: Values): GuidePage[] => {
    const check: Field = { kind: "drawn", name: "check", label: "receiver", draw: () => <OpenCheck request={checked(values)} /> };
    return [
      { name: "who", heading: "pageWho", fields: [
        ...clientFields(origin, now, values), ...groundFields(grounds, values, "hasConsented", now), ...(origin ? [] : [municipalityField]),
        {
          kind: "receiver", name: "receiver", label: "receiver", required: true, missing: "missingReceiver", without: [person.agency],
          municipality: text(values, "municipality"), language: clientLanguage(values, origin),
          propose: { kind: AgencyKind.SOCIAL_SERVICES },
        },
        ...(consented(values) ? [check] : []),
      ] },
      { name: "what", heading: "pageWhat", fields: [
        ...(topicless(values) ? [{ kind: "note", name: "noTopics", label: "topics", text: "noTopics" }] : [{
          kind: "choices", name: "topics", label: "topics", schema: TopicSchema, search: "searchTopics", required: true,
          missing: "missingTopics",
        }]) as Field[],
        ...(consented(values) ? [
          { kind: "area", name: "description", label: "description", hint: "descriptionHint" },
          { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
        ] : [{ kind: "note", name: "noDescription", label: "description", text: "noDescription" }]) as Field[],
        ...urgencyFields(values, word),
      ] },
      { name: "basis", heading: "pageBasis", fields: [...basisFields(grounds, values), ...(consented(values) ? [] : [check])] },
    ];
  };
  return (
    <GuidedForm draft={draftOf("concern", origin)} title={t("concern")} schema={SubmitConcernRequestSchema} pages={pages}
      sendLabel={t("sendConcern")}
      initial={{ ...beginnings(now), ...noClient(language), topics: origin?.topics ?? [], urgency: origin?.urgency ?? "" }}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), receiver: receiver(values, "receiver"), basis: makeBasis(grounds, values),
        topics: topicless(values) ? [] : list(values, "topics").map((topic) => enumFromJson(TopicSchema, topic as never)),
        description: consented(values) ? text(values, "description") : "",
        urgency: text(values, "urgency") ? enumFromJson(UrgencySchema, text(values, "urgency") as never) : 0,
        attachmentIds: consented(values) ? attachmentIds(values, "attachments") : [], caseId: origin?.caseId ?? "",
      })}
      send={async (request) => {
        const { concern } = await createClient(ConcernService, transport).submitConcern(request);
        return {
          subject: `concerns/${concern?.concernId}`, number: concern?.matterNumber, status: concern?.status,
          after: request.basis?.ground === LegalGround.CLIENT_CONSENT ? "afterConcern" : "afterNotification",
        };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={values} grounds={grounds} client={name(values, origin)} language={clientLanguage(values, origin)}
          after={consented(values) ? "afterConcern" : "afterNotification"} content={[
          ...(topicless(values) ? [] : [[t("topics"), list(values, "topics").map(word).join(", ")] as [string, string]]),
          ...(consented(values) ? [
            [t("description"), text(values, "description")],
            [t("attachments"), attachmentNames(values, "attachments") || t("noAttachments")],
          ] as [string, string][] : []),
          [t("urgency"), text(values, "urgency") && word(text(values, "urgency"))],
        ]} />
      )} />
  );
}
