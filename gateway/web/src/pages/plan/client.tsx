import { createClient } from "@connectrpc/connect";

import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { shortId } from "../../ui/names";
import { Who } from "../../ui/who";

// The languages with a name among the texts; any other shows its tag.
const spoken = ["fi", "sv", "en"] as const;

export const languageKey = (tag: string) => spoken.find((one) => tag === one || tag.startsWith(`${one}-`));

// ClientOf shows the client of the plan.
export function ClientOf({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), language = languageKey(plan.clientLanguage);
  if (!plan.clientId) return null;
  return (
    <section aria-labelledby="plan-client">
      <h3 id="plan-client">{t("client")}</h3>
      <p>
        {t("clientShort", { id: shortId(plan.clientId) })}
        {plan.clientLanguage && <><br />{t("speaks")} {language ? t(`language_${language}`) : plan.clientLanguage}</>}
      </p>
      <Who read={() => createClient(PlanService, transport).getClient({ planId: plan.planId })} />
    </section>
  );
}
