import { createClient } from "@connectrpc/connect";

import { CreatePlanRequestSchema, PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import { actsAs, usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import type { Field, Values } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf } from "../../ui/ground/value";
import { draftOf, type Beginning } from "./begin";
import { clientFields, clientLanguage, interpreterOf, makeClient, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { Preview } from "./preview";

// NewPlan is the form of a shared plan. Its creator is responsible until another worker accepts
// that. A plan has no content yet, so that its form has two pages.
export function NewPlan({ origin, arrived }: Beginning) {
  const t = useTexts("new"), now = useNow(), person = usePerson(), name = useClientName(), [language] = useLanguage();
  const pages = (values: Values): GuidePage[] => [
    ...(origin?.clientId ? [] : [{ name: "who", heading: "pageClient", fields: clientFields(origin, now, values, true) }]),
    { name: "basis", heading: "pageBasis", fields: [
      { kind: "note", name: "about", label: "plan", text: "planAbout" },
      ...groundFields({ message: "plan", clientId: origin?.clientId }, values), ...attestedFields(values),
      // A social worker alone records the need, and then works beside the responsible worker.
      ...(actsAs(person) === "social_worker" ? [{
        kind: "check", name: "special", label: "specialSupport", hint: "specialSupportHint", of: ["special_support"],
      } satisfies Field] : []),
    ] },
  ];
  return (
    <GuidedForm draft={draftOf("plan", origin)} title={t("plan")} schema={CreatePlanRequestSchema} pages={pages} sendLabel={t("sendPlan")}
      initial={noClient(language)}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), basis: basisOf(values), caseId: origin?.caseId ?? "",
        specialSupport: actsAs(person) === "social_worker" && values.special === true,
      })}
      send={async (request) => {
        const { plan } = await createClient(PlanService, transport).createPlan(request);
        return { subject: `plans/${plan?.planId}`, number: plan?.matterNumber, status: plan?.status, after: "afterPlan" };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={values} toNobody client={name(values, origin)} language={clientLanguage(values, origin)}
          interpreter={interpreterOf(values, origin)}
          after="afterPlan" content={values.special === true ? [[t("specialSupport"), t("specialSupportYes")]] : []} />
      )} />
  );
}
