import { enumFromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import type { ReactNode } from "react";

import { ContentProfile, Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernService, SubmitConcernRequestSchema } from "koppi-contract/koppi/concern/v1/concern_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { AgencyKind } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { attachmentIds, attachmentNames, list, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { allowsTopics, allowsWords, basisGiven, basisOf, chosenOf, hearsBack, isConsent, isNecessary } from "../../ui/ground/value";
import { draftOf, type Beginning } from "./begin";
import { ChildWelfare } from "./childwelfare";
import { clientFields, clientGiven, clientLanguage, interpreterOf, makeClient, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { municipalityFields, municipalityOf } from "./municipality";
import { OpenCheck } from "./opencheck";
import { Preview } from "./preview";
import { describedBy, hasAnswered, promptFields } from "./prompts";
import { useUrgencyFields } from "./urgency";

// A child welfare notification is about the child, on a ground of its own.
const childWelfare = "417/2007 § 25";

const consented = (values: Values) => { const chosen = chosenOf(values); return chosen !== undefined && isConsent(chosen); };
// On a ground that allows the identity alone, the law asks that nothing is delayed.
const identityOnly = (values: Values) => chosenOf(values)?.content === ContentProfile.IDENTIFICATION;
const hasTyped = (values: Values) =>
  text(values, "description") !== "" || hasAnswered(values) || attachmentIds(values, "attachments").length > 0;
const note = (name: string, text: string): Field => ({ kind: "note", name, label: "", text });

// contentFields ask for what the chosen ground allows to say.
const contentFields = (values: Values, urgency: Field[], alone: boolean): Field[] => [
  ...(allowsTopics(values) ? [{
    kind: "choices", name: "topics", label: "topics", schema: TopicSchema, search: "searchTopics", required: true, missing: "missingTopics",
  } satisfies Field] : [note("noTopics", "ground:identityOnly")]),
  {
    kind: "drawn", name: "child", label: "topics", when: () => alone && list(values, "topics").includes("TOPIC_CHILD_IN_FAMILY"),
    draw: () => <ChildWelfare agency={receiver(values, "receiver")?.agency} />,
  },
  ...(allowsWords(values) ? [
    {
      kind: "area", name: "description", label: "description",
      hint: isNecessary(values) ? "ground:onlyNecessary" : "descriptionHint",
    },
    { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
    ...promptFields(values),
  ] satisfies Field[] : [
    ...(allowsTopics(values) ? [note("noDescription", "ground:topicsOnly")] : []),
    ...(hasTyped(values) ? [note("keptUnsent", "ground:keptUnsent")] : []),
  ]),
  ...(identityOnly(values) ? [note("urgentByLaw", "urgentByLaw"), note("inDanger", "inDanger")] : urgency),
];

// NewConcern is the form of a concern report. The first page asks on which ground it is sent: that
// decides what the next may contain.
export function NewConcern({ origin, about, arrived }: Beginning) {
  const t = useTexts("new"), word = useWords(), now = useNow(), person = usePerson(), name = useClientName();
  const [language] = useLanguage(), urgencyFields = useUrgencyFields();
  const sought = (values: Values) => ({ municipality: municipalityOf(values), language: clientLanguage(values, origin) });
  const checked = (values: Values) => (basisGiven(values) && clientGiven(values, origin) && receiver(values, "receiver")?.agency
    ? { client: makeClient(values, origin), receiver: receiver(values, "receiver"), basis: basisOf(values) } : undefined);
  const asks = {
    message: "concern", receiver: "receiver", clientId: origin?.clientId, prefer: about === "child" ? childWelfare : undefined,
  };
  const pages = (values: Values): GuidePage[] => {
    const check: Field = { kind: "drawn", name: "check", label: "receiver", draw: () => <OpenCheck request={checked(values)} /> };
    return [
      { name: "who", heading: "pageWho", fields: [
        ...clientFields(origin, now, values, true), ...(origin ? [] : municipalityFields),
        {
          kind: "receiver", name: "receiver", label: "receiver", required: true, missing: "missingReceiver", without: [person.agency],
          ...sought(values),
          propose: { kind: AgencyKind.SOCIAL_SERVICES },
        },
        ...groundFields(asks, values),
        ...(consented(values) ? [check] : []),
      ] },
      { name: "what", heading: "pageWhat", fields: contentFields(values, urgencyFields(values, sought(values)), about !== "child") },
      { name: "basis", heading: "pageBasis", fields: [...attestedFields(values), ...(consented(values) ? [] : [check])] },
    ];
  };
  const after = (values: Values) => (hearsBack(values) ? "afterConcern" : "afterNotification");
  return (
    <GuidedForm draft={draftOf(about ? `concern-${about}` : "concern", origin)} title={t("concern")} schema={SubmitConcernRequestSchema}
      pages={pages} sendLabel={t("sendConcern")}
      initial={{ ...noClient(language), topics: origin?.topics ?? [], urgency: origin?.urgency ?? "" }}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), receiver: receiver(values, "receiver"), basis: basisOf(values),
        topics: allowsTopics(values) ? list(values, "topics").map((topic) => enumFromJson(TopicSchema, topic as never)) : [],
        description: allowsWords(values) ? describedBy(values, t) : "",
        urgency: identityOnly(values) ? Urgency.URGENT
          : text(values, "urgency") ? enumFromJson(UrgencySchema, text(values, "urgency") as never) : 0,
        attachmentIds: allowsWords(values) ? attachmentIds(values, "attachments") : [], caseId: origin?.caseId ?? "",
      })}
      send={async (request) => {
        const { concern } = await createClient(ConcernService, transport).submitConcern(request);
        return {
          subject: `concerns/${concern?.concernId}`, number: concern?.matterNumber, status: concern?.status,
          emergency: request.urgency === Urgency.EMERGENCY,
          after: request.basis?.feedbackConsentedAt ? "afterConcern" : "afterNotification",
        };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={identityOnly(values) ? { ...values, urgency: "" } : values} client={name(values, origin)} sought={sought(values)}
          language={clientLanguage(values, origin)} interpreter={interpreterOf(values, origin)} after={after(values)} content={[
          ...(allowsTopics(values) ? [[t("topics"), list(values, "topics").map(word).join(", ")] as [string, string]] : []),
          ...(allowsWords(values) ? [
            [t("description"), describedBy(values, t) && <span className="told">{describedBy(values, t)}</span>],
            [t("attachments"), attachmentNames(values, "attachments") || t("noAttachments")],
          ] as [string, ReactNode][] : []),
          [t("urgency"), word(identityOnly(values) ? "URGENCY_URGENT" : text(values, "urgency"))],
        ]} />
      )} />
  );
}
