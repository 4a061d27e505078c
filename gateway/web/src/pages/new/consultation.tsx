import { enumFromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";

import { LegalGround, Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService, OpenConsultationRequestSchema } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { attachmentIds, attachmentNames, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf, chosenOf, isNecessary } from "../../ui/ground/value";
import { draftOf, type Beginning } from "./begin";
import { clientFields, clientLanguage, makeClient, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { Preview } from "./preview";
import { ReachableNow } from "./reachable";
import { useUrgencyFields } from "./urgency";

const nobody = (values: Values) => chosenOf(values)?.ground === LegalGround.NO_PERSONAL_DATA;

// NewConsultation is the form of a consultation: it asks a worker of another agency for advice,
// about a client or without naming one; then there is no client field.
export function NewConsultation({ origin, arrived }: Beginning) {
  const t = useTexts("new"), word = useWords(), now = useNow(), person = usePerson(), name = useClientName(), [language] = useLanguage();
  const urgencyFields = useUrgencyFields(true);
  const sought = (values: Values) => ({ language: nobody(values) ? "" : clientLanguage(values, origin) });
  const pages = (values: Values): GuidePage[] => [
    { name: "who", heading: "pageWhom", fields: [
      {
        kind: "receiver", name: "receiver", label: "addressee", required: true, missing: "missingAddressee", without: [person.agency],
        of: ["addressee"], ...sought(values),
      },
      { kind: "drawn", name: "reachable", label: "addressee", draw: () => <ReachableNow party={receiver(values, "receiver")} /> },
      ...groundFields({ message: "consultation", receiver: "receiver", clientId: origin?.clientId }, values),
      ...(nobody(values) ? [{ kind: "note", name: "identifyNobody", label: "client", text: "identifyNobody" } satisfies Field]
        : chosenOf(values) ? clientFields(origin, now, values) : []),
    ] },
    { name: "what", heading: "pageWhat", fields: [
      { kind: "line", name: "topic", label: "topic", required: true, missing: "missingTopic" },
      {
        kind: "area", name: "question", label: "question", required: true, missing: "missingQuestion",
        hint: nobody(values) ? "identifyNobody" : isNecessary(values) ? "ground:onlyNecessary" : undefined,
      },
      { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
      ...urgencyFields(values, sought(values)),
    ] },
    { name: "basis", heading: "pageBasis", fields: attestedFields(values) },
  ];
  return (
    <GuidedForm draft={draftOf("consultation", origin)} title={t("consultation")} schema={OpenConsultationRequestSchema} pages={pages}
      sendLabel={t("sendConsultation")}
      initial={{ ...noClient(language), topic: "", question: "", urgency: origin?.urgency ?? "" }}
      make={(values, requestId) => ({
        requestId, client: nobody(values) ? undefined : makeClient(values, origin), addressee: receiver(values, "receiver"),
        basis: basisOf(values), topic: text(values, "topic"), question: text(values, "question"),
        urgency: text(values, "urgency") ? enumFromJson(UrgencySchema, text(values, "urgency") as never) : 0,
        attachmentIds: attachmentIds(values, "attachments"),
        // A case would identify the client.
        caseId: nobody(values) ? "" : origin?.caseId ?? "",
      })}
      send={async (request) => {
        const { consultation } = await createClient(ConsultationService, transport).openConsultation(request);
        return {
          subject: `consultations/${consultation?.consultationId}`, number: consultation?.matterNumber, status: consultation?.status,
          emergency: request.urgency === Urgency.EMERGENCY,
          after: "afterConsultation",
        };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={values} client={nobody(values) ? undefined : name(values, origin)} sought={sought(values)}
          language={clientLanguage(values, origin)} after="afterConsultation" content={[
          [t("topic"), text(values, "topic")], [t("question"), text(values, "question")],
          [t("attachments"), attachmentNames(values, "attachments") || t("noAttachments")],
          [t("urgency"), text(values, "urgency") && word(text(values, "urgency"))],
        ]} />
      )} />
  );
}
