import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { limit } from "../../ui/dates";
import { spokenParts } from "../../ui/hours";
import { useDirectory } from "../../ui/party";
import { telephone } from "../../ui/phone";
import type { Weekend } from "../../ui/weekend";

// OnCall is which unit of the agency gets the emergencies while this one is closed, and its telephone.
export function OnCall({ unit, end }: { unit: string; end: Weekend }) {
  const t = useTexts("sharing"), person = usePerson(), directory = useDirectory();
  const agency = directory.agencies.find((one) => one.agency === person.agency);
  const kind = agency?.units.find((one) => one.unit === unit)?.kind;
  // Emergencies go to a unit of the same kind.
  const onCall = agency?.units.filter((one) => one.onCall && one.kind === kind) ?? [];
  const hours = (parts: string[]) => (parts.length ? spokenParts(parts) ?? t("allDay") : t("never"));
  return (
    <section aria-labelledby="weekend-on-call" data-part="on-call">
      <h2 id="weekend-on-call">{t("onCall")}</h2>
      {onCall.map((one) => (
        <div key={one.unit}>
          <div className="weekend-line" data-on-call={one.unit}>
            <p><strong>{directory.unit(person.agency, one.unit)}</strong></p>
            {one.phone ? <a href={telephone(one.phone)} className="button">{t("call", { phone: one.phone })}</a>
              : <span className="quiet">{t("noPhone")}</span>}
          </div>
          <p className="quiet">{t("onCallHours", { working: hours(one.onCall!.workingDays), other: hours(one.onCall!.otherDays) })}</p>
        </div>
      ))}
      {agency && onCall.length === 0 && <>
        <p className="late"><span aria-hidden="true" className="shape">▲</span>{t("onCallNone", { when: limit(end.until) })}</p>
        {agency.emergencyPhone && <p>{t("emergencyPhone")}{" "}
          <a href={telephone(agency.emergencyPhone)}>{agency.emergencyPhone}</a></p>}
      </>}
    </section>
  );
}
