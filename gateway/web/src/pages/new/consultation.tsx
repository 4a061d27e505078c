import { enumFromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useRef } from "react";

import { LegalGround, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService, OpenConsultationRequestSchema } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useNow } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { attachmentIds, attachmentNames, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { basisFields, beginnings, groundOf, makeBasis, type Ground } from "./basis";
import { draftOf, section, useArrived, type Beginning } from "./begin";
import { clientFields, clientLanguage, makeClient, noClient, useClientName } from "./client";
import { Preview } from "./preview";
import { ReachableNow } from "./reachable";
import { urgencyFields } from "./urgency";

const grounds: Ground[] = [
  { name: "nobody", ground: LegalGround.NO_PERSONAL_DATA, label: "groundNobody", hint: "groundNobodyHint", provision: "703/2023 § 31" },
  { name: "consent", ground: LegalGround.CLIENT_CONSENT, label: "groundConsent", hint: "groundNamedHint", provision: "703/2023 § 53" },
  { name: "access", ground: LegalGround.STATUTORY_ACCESS, label: "groundAccess", hint: "groundAccessHint", provision: "" },
];
const nobody = ({ ground }: Values) => ground === "nobody";

// NewConsultation is the form of a consultation: it asks a worker of another agency for advice,
// about a client or without naming one; then there is no client field.
export function NewConsultation({ origin }: Beginning) {
  const t = useTexts("new"), word = useWords(), now = useNow(), person = usePerson(), name = useClientName();
  const arrived = useArrived(), id = useRef("");
  const fields = (values: Values): Field[] => [
    section("ground"), ...basisFields(grounds, values),
    ...(!groundOf(grounds, values) ? [] : [
      ...(nobody(values) ? [{ kind: "note", name: "identifyNobody", label: "client", text: "identifyNobody" } satisfies Field]
        : clientFields(origin)),
      section("receiver"),
      {
        kind: "receiver", name: "receiver", label: "addressee", required: true, without: [person.agency], worker: true, of: ["addressee"],
        language: nobody(values) ? "" : clientLanguage(values, origin),
      },
      { kind: "drawn", name: "reachable", label: "addressee", draw: () => <ReachableNow party={receiver(values, "receiver")} /> },
      section("content"),
      { kind: "line", name: "topic", label: "topic", required: true },
      { kind: "area", name: "question", label: "question", required: true, hint: nobody(values) ? "identifyNobody" : undefined },
      ...urgencyFields(values),
      { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
    ] satisfies Field[]),
  ];
  return (
    <StepForm draft={draftOf("consultation", origin)} texts="new" heading="h1" title={t("consultation")}
      schema={OpenConsultationRequestSchema} fields={fields} sendLabel={t("sendConsultation")}
      initial={{ ...beginnings(grounds, now), ...noClient, topic: "", question: "", urgency: origin?.urgency ?? "" }}
      make={(values, requestId) => ({
        requestId, client: nobody(values) ? undefined : makeClient(values, origin), addressee: receiver(values, "receiver"),
        basis: makeBasis(grounds, values), topic: text(values, "topic"), question: text(values, "question"),
        urgency: text(values, "urgency") ? enumFromJson(UrgencySchema, text(values, "urgency") as never) : 0,
        attachmentIds: attachmentIds(values, "attachments"),
        // A case would identify the client.
        caseId: nobody(values) ? "" : origin?.caseId ?? "",
      })}
      send={async (request) => {
        id.current = (await createClient(ConsultationService, transport).openConsultation(request)).consultation?.consultationId ?? "";
      }}
      done={() => arrived("consultations", "consultations", id.current)}
      preview={(values) => (
        <Preview values={values} grounds={grounds} client={nobody(values) ? undefined : name(values, origin)}
          after={<p>{t("afterConsultation")}</p>} content={[
          [t("topic"), text(values, "topic")], [t("question"), text(values, "question")],
          [t("attachments"), attachmentNames(values, "attachments") || t("noAttachments")],
          [t("urgency"), text(values, "urgency") && word(text(values, "urgency"))],
        ]} />
      )} />
  );
}
