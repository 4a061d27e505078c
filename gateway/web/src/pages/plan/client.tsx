import { useMutation } from "@connectrpc/connect-query";
import { useEffect, useRef } from "react";
import { Button } from "suomifi-ui-components";

import { PlanService } from "#gen/koppi/plan/v1/plan_pb";
import type { Plan } from "#gen/koppi/plan/v1/state_pb";
import { useTexts } from "../../app/language";
import { shortId } from "../../ui/names";
import { Problem } from "../../ui/problem";

// The languages that have a name among the texts; any other is said by its tag.
const spoken = ["fi", "sv", "en"] as const;

export const languageKey = (tag: string) => spoken.find((one) => tag === one || tag.startsWith(`${one}-`));

// ClientOf says whom it is about only to whoever asks: that reading is recorded.
export function ClientOf({ plan }: { plan: Plan }) {
  const t = useTexts("plan"), { data, error, isPending, mutate } = useMutation(PlanService.method.getClient), named = useRef<HTMLParagraphElement>(null);
  const language = languageKey(plan.clientLanguage), details = data?.details;
  useEffect(() => { if (data) named.current?.focus(); }, [data]);
  if (!plan.clientId) return null;
  return (
    <section aria-labelledby="plan-client">
      <h3 id="plan-client">{t("client")}</h3>
      <p>{t("clientShort", { id: shortId(plan.clientId) })}{plan.clientLanguage && <><br />{t("speaks")} {language ? t(`language_${language}`) : plan.clientLanguage}</>}</p>
      <Problem error={error} />
      {data ? (
        <p ref={named} tabIndex={-1} className="client-named">
          <strong>{[details?.givenNames, details?.familyName].filter(Boolean).join(" ")}</strong> {data.personalIdentityCode}
          {[...(details?.phones ?? []), details?.email, details?.address].filter(Boolean).map((one) => <span key={one}><br />{one}</span>)}
        </p>
      ) : <><Button type="button" variant="secondary" disabled={isPending} data-get-client onClick={() => mutate({ planId: plan.planId })}>{t("showClient")}</Button><p className="quiet">{t("showClientHint")}</p></>}
    </section>
  );
}
