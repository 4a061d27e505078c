import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Checkbox, CheckboxGroup, Textarea } from "suomifi-ui-components";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useNow } from "../../app/clock";
import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { dayKey } from "../../ui/dates";
import { DayInput } from "../../ui/form/dayinput";
import { endOfDay } from "../../ui/form/times";
import "../../ui/form/form.css";
import { Ask } from "./ask";
import { services } from "./consentcard";
import { Dots } from "./dots";
import { focusField, RecipientChoice, recipientOf } from "./recipient";

// The provisions of the services: the Social Welfare Act for concerns, the act on client data for
// the rest.
const provisionOf = (chosen: string[]) => [
  chosen.includes("concern") && "1301/2014 § 35.1", chosen.some((one) => one !== "concern") && "703/2023 § 53",
].filter(Boolean).join(", ");
const empty = { who: "", services: [] as string[], purpose: "", until: "" };

// Give is the form of a consent in advance.
export function Give({ done, cancel }: { done: () => void; cancel: () => void }) {
  const t = useTexts("own"), now = useNow(), [draft, change, forget] = useDraft("own give", empty), [tried, setTried] = useState(false);
  const last = `${Number(dayKey(now).slice(0, 4)) + 2}${dayKey(now).slice(4)}`;
  const wrong = {
    who: !draft.who, services: draft.services.length === 0, purpose: !draft.purpose.trim(),
    until: !(draft.until > dayKey(now) && draft.until < last),
  };
  const says = (name: keyof typeof wrong, key: string) => (tried && wrong[name] ? t(key) : undefined);
  const missing = () => {
    setTried(true);
    const first = (Object.keys(wrong) as (keyof typeof wrong)[]).find((name) => wrong[name]);
    if (first) focusField(`give-${first}`);
    return Boolean(first);
  };
  return (
    <Ask name="give" title={t("advance_give")} label={t("advance_send")} missing={missing} cancel={() => { forget(); cancel(); }}
      done={() => { forget(); done(); }}
      send={(requestId) => createClient(ConsentService, transport).giveConsent({
        requestId, recipient: recipientOf(draft.who), services: draft.services, purpose: draft.purpose.trim(),
        provision: provisionOf(draft.services), until: endOfDay(draft.until),
      })}>
      <RecipientChoice id="give-who" label={t("advance_who")} value={draft.who} change={(who) => change({ who })}
        wrong={says("who", "needed_who")} />
      <div className="field" data-field="give-services">
        <CheckboxGroup labelText={t("advance_for")} groupStatus={says("services", "needed_for") ? "error" : undefined}
          groupStatusText={says("services", "needed_for")}>
          {services.map((service) => <Checkbox key={service} value={service} checked={draft.services.includes(service)}
            onClick={({ checkboxState }) => change({
              services: checkboxState ? [...draft.services, service] : draft.services.filter((one) => one !== service),
            })}>{t(`consent_${service}`)}</Checkbox>)}
        </CheckboxGroup>
      </div>
      <div className="field" data-field="give-purpose">
        <Textarea dir="auto" id="give-purpose" labelText={t("advance_purpose")} hintText={t("advance_purposeHint")} value={draft.purpose}
          maxLength={1000} onChange={(event) => change({ purpose: event.target.value })} fullWidth
          status={says("purpose", "needed_purpose") ? "error" : "default"} statusText={says("purpose", "needed_purpose")} />
      </div>
      <div className="field" data-field="give-until">
        <DayInput id="give-until" label={t("advance_until")} hint={t("advance_untilHint")} value={draft.until}
          change={(until) => change({ until })} from={dayKey(now)} until={last} wrong={says("until", "needed_until")} />
      </div>
      <Dots lines={[t("advance_means1"), t("advance_means2")]} />
    </Ask>
  );
}
