import { createClient } from "@connectrpc/connect";
import { useRef } from "react";

import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";
import { CreatePlanRequestSchema, PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import type { Field, Values } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { basisFields, beginnings, makeBasis, type Ground } from "./basis";
import { draftOf, section, useArrived, type Beginning } from "./begin";
import { clientFields, makeClient, noClient, useClientName } from "./client";
import { Preview } from "./preview";

const grounds: Ground[] = [{ name: "consent", ground: LegalGround.CLIENT_CONSENT, label: "groundConsent", provision: "1301/2014 § 39" }];

// NewPlan is the form of a shared plan. Its creator is responsible until another worker accepts
// that.
export function NewPlan({ origin }: Beginning) {
  const t = useTexts("new"), now = useNow(), name = useClientName(), arrived = useArrived(), id = useRef("");
  const fields = (values: Values): Field[] => [
    { kind: "note", name: "about", label: "plan", text: "planAbout" },
    ...clientFields(origin),
    section("ground"), ...basisFields(grounds, values),
  ];
  return (
    <StepForm draft={draftOf("plan", origin)} texts="new" heading="h1" title={t("plan")} schema={CreatePlanRequestSchema} fields={fields}
      sendLabel={t("sendPlan")}
      initial={{ ...beginnings(grounds, now), ...noClient }}
      make={(values, requestId) => ({
        requestId, client: makeClient(values, origin), basis: makeBasis(grounds, values), caseId: origin?.caseId ?? "",
      })}
      send={async (request) => { id.current = (await createClient(PlanService, transport).createPlan(request)).plan?.planId ?? ""; }}
      done={() => arrived("plans", "plans", id.current)}
      preview={(values) => (
        <Preview values={values} grounds={grounds} toNobody client={name(values, origin)} content={[]} after={<p>{t("afterPlan")}</p>} />
      )} />
  );
}
