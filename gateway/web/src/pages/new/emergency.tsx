import { useEffect, useRef } from "react";
import { InlineAlert } from "suomifi-ui-components";

import { useNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import type { ReceiverValue } from "../../ui/form/fields";
import { hoursOf, openingOf } from "../../ui/hours";
import { useReceiving, type Sought } from "../../ui/oncall";
import { useDirectory } from "../../ui/party";
import { telephone } from "../../ui/phone";

// Emergency says to whom an emergency goes at this time, and whom to ring besides: the unit on call, or else
// the receiving unit while its telephone is answered, or else the agency's number for help at any hour.
export function Emergency({ party, sought }: { party: ReceiverValue | undefined; sought: Sought }) {
  const t = useTexts("new"), [language] = useLanguage(), now = useNow(), { unit: named } = useDirectory();
  const receiving = useReceiving(party, sought), place = useRef<HTMLDivElement>(null);
  // Whoever chooses the urgency sees at once what is said of it, below.
  useEffect(() => {
    if (document.activeElement?.closest("[data-field=urgency]")) place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const { agency, unit, onCall, everOnCall } = receiving ?? {}, to = onCall ?? unit;
  const who = agency && to ? named(agency.agency, to.unit) : "";
  const rung = onCall ?? (everOnCall ? unit : undefined), hours = rung?.phoneHours ?? [], emergencyPhone = agency?.emergencyPhone;
  // A unit on call answers, on holidays too.
  const answered = Boolean(rung?.phone) && (onCall !== undefined || openingOf(hours, now).open);
  return (
    <div ref={place} data-emergency={onCall ? "on-call" : "unit"}>
      <InlineAlert status="warning" labelText={t(onCall ? "emergencyOnCall" : to ? "emergencyTo" : "emergencyAlone", { who })}>
        <ul className="ring">
          {!answered && emergencyPhone && <li>
            {t("ringOnDuty")} <a href={telephone(emergencyPhone)} data-call="emergency">{emergencyPhone}</a>
          </li>}
          {rung?.phone && <li>
            {t(answered ? "ringToo" : "ringLater")} <a href={telephone(rung.phone)} data-call="unit">{rung.phone}</a>
            {!onCall && hours.length > 0 && <span className="quiet"> {hoursOf(hours, language)}</span>}
          </li>}
          <li>{t("ring112")} <a href="tel:112" data-call="112">112</a></li>
        </ul>
      </InlineAlert>
    </div>
  );
}
