import { Link } from "@tanstack/react-router";

import type { GetRosterResponse } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { absenceDays } from "../../ui/colleagues";
import { usePartyName } from "../../ui/party";
import type { Weekend } from "../../ui/weekend";
import { weeksFrom } from "../../ui/weeks";

interface Props { unit: string; end: Weekend; roster: GetRosterResponse }

// Duty is who is on duty in the week that begins after the weekend; the page of the people sets it.
export function Duty({ unit, end, roster }: Props) {
  const t = useTexts("sharing"), c = useTexts("colleagues"), party = usePartyName(), week = weeksFrom(end.next, 1)[0]!, { number } = week;
  const workers = roster.weeks.find((one) => one.week === week.week)?.workers ?? [];
  const away = (worker: string) =>
    roster.absences.find((one) => one.worker?.worker === worker && one.from <= week.to && one.to >= week.from);
  return (
    <section aria-labelledby="weekend-duty" data-part="duty">
      <h2 id="weekend-duty">{t("pair", { number })}</h2>
      <div className="weekend-line">
        {workers.length === 0 ? <p className="late"><span aria-hidden="true" className="shape">▲</span>{t("pairMissing", { number })}</p>
          : <ul>{workers.map((worker) => {
            const absence = away(worker.worker);
            return <li key={worker.worker} data-on-duty={worker.worker}>
              <span dir="auto">{party(worker, true)}</span>
              {absence && <span className="late"> <span aria-hidden="true" className="shape">▲</span>
                {c(...absenceDays(absence))}</span>}
            </li>;
          })}</ul>}
        <Link to="/people" search={{ unit, week: week.week }} className="button" data-set-duty>
          {t(workers.length ? "pairChange" : "pairSet")}
        </Link>
      </div>
    </section>
  );
}
