import { useState } from "react";
import { Button } from "suomifi-ui-components";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Absence, GetRosterResponse } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { absenceDays } from "../../ui/colleagues";
import { usePartyName } from "../../ui/party";
import type { Weekend } from "../../ui/weekend";
import { weeksFrom } from "../../ui/weeks";
import { canPass, isDueIn } from "../share/order";
import type { Result } from "../worklist/bulk";
import { Lines, Passing } from "./section";

interface Props { items: WorkItem[]; roster: GetRosterResponse; end: Weekend; today: string; passed: (results: Result[]) => void }

// Absences lists who is away until the end of next week, with the matters that come due meanwhile.
export function Absences({ items, roster, end, today, passed }: Props) {
  const t = useTexts("sharing"), week = weeksFrom(end.next, 1)[0]!;
  const absences = roster.absences.filter(({ from, to }) => to >= today && from <= week.to).sort((a, b) => a.from.localeCompare(b.from));
  return (
    <section aria-labelledby="weekend-away" data-part="away">
      <h2 id="weekend-away">{t("away")}</h2>
      {absences.length === 0 && <p className="quiet">
        <span aria-hidden="true" className="shape">✓</span>{t("awayNone", { number: week.number })}
      </p>}
      {absences.length > 0 && <ul className="weekend-away">{absences.map((absence) => (
        <One key={absence.absenceId} absence={absence} passed={passed}
          items={items.filter((item) => item.holder?.worker === absence.worker?.worker && isDueIn(item, absence, today))} />
      ))}</ul>}
    </section>
  );
}

interface OneProps { absence: Absence; items: WorkItem[]; passed: (results: Result[]) => void }

function One({ absence, items, passed }: OneProps) {
  const t = useTexts("sharing"), c = useTexts("colleagues"), party = usePartyName(), [passing, pass] = useState(false);
  const { absenceId, worker, substitute } = absence, passable = items.filter(canPass);
  const all = t("passAll", { count: passable.length });
  const proposed = substitute && { agency: substitute.agency, unit: substitute.unit, worker: substitute.worker };
  return (
    <li data-absence={absenceId}>
      <div className="weekend-line">
        <p><strong dir="auto">{party(worker, true)}</strong> {c(...absenceDays(absence))}
          {substitute && <span className="quiet">, {t("substitute", { who: party(substitute, Boolean(substitute.worker)) })}</span>}</p>
        {passable.length > 1 && !passing && <Button type="button" variant="secondary" data-pass-all
          aria-label={`${all}: ${party(worker, true)}`} onClick={() => pass(true)}>{all}</Button>}
      </div>
      {passing && <Passing items={passable} to={proposed} passed={passed} close={() => pass(false)} />}
      {items.length > 0 ? <Lines items={items} passed={passed} /> : <p className="quiet">{t("awayFree")}</p>}
    </li>
  );
}
