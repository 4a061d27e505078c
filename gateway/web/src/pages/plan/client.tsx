import { createClient } from "@connectrpc/connect";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { useLanguageName } from "../../ui/languages";
import { shortId } from "../../ui/names";
import { Who } from "../../ui/who";

// The languages in which the plan is printed.
const spoken = ["fi", "sv", "en"] as const;

export const languageKey = (tag: string) => spoken.find((one) => tag === one || tag.startsWith(`${one}-`));

// ClientOf shows the client of the plan.
export function ClientOf({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), tongue = useLanguageName();
  if (!plan.clientId) return null;
  return (
    <section aria-labelledby="plan-client">
      <h3 id="plan-client">{t("client")}</h3>
      <p>
        {t("clientShort", { id: shortId(plan.clientId) })}
        {plan.clientLanguage && <><br />{t("speaks")} {tongue(plan.clientLanguage)}</>}
        {plan.clientInterpreter && <><br />{t("interpreter")} <span data-interpreter>{tongue(plan.clientInterpreter)}</span></>}
      </p>
      <Who read={() => createClient(PlanService, transport).getClient({ planId: plan.planId })} />
    </section>
  );
}
