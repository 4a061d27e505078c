import { createClient } from "@connectrpc/connect";

import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";
import { CreatePlanRequestSchema, PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import type { Values } from "../../ui/form/fields";
import { basisFields, beginnings, groundFields, makeBasis, type Ground } from "./basis";
import { draftOf, type Beginning } from "./begin";
import { clientFields, clientLanguage, makeClient, noClient, useClientName } from "./client";
import { GuidedForm, type GuidePage } from "./guided";
import { Preview } from "./preview";

const grounds: Ground[] = [{ name: "consent", ground: LegalGround.CLIENT_CONSENT, label: "groundConsent", provision: "1301/2014 § 39" }];

// NewPlan is the form of a shared plan. Its creator is responsible until another worker accepts
// that. A plan has no content yet, so that its form has two pages.
export function NewPlan({ origin, arrived }: Beginning) {
  const t = useTexts("new"), now = useNow(), name = useClientName(), [language] = useLanguage();
  const pages = (values: Values): GuidePage[] => [
    ...(origin?.clientId ? [] : [{ name: "who", heading: "pageClient", fields: clientFields(origin, now, values) }]),
    { name: "basis", heading: "pageBasis", fields: [
      { kind: "note", name: "about", label: "plan", text: "planAbout" },
      ...groundFields(grounds, values, "hasConsentedToPlan", now), ...basisFields(grounds, values),
    ] },
  ];
  return (
    <GuidedForm draft={draftOf("plan", origin)} title={t("plan")} schema={CreatePlanRequestSchema} pages={pages} sendLabel={t("sendPlan")}
      initial={{ ...beginnings(now), ...noClient(language) }}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), basis: makeBasis(grounds, values), caseId: origin?.caseId ?? "",
      })}
      send={async (request) => {
        const { plan } = await createClient(PlanService, transport).createPlan(request);
        return { subject: `plans/${plan?.planId}`, number: plan?.matterNumber, status: plan?.status, after: "afterPlan" };
      }}
      arrived={arrived}
      preview={(values) => (
        <Preview values={values} grounds={grounds} toNobody client={name(values, origin)} language={clientLanguage(values, origin)}
          after="afterPlan" content={[]} />
      )} />
  );
}
