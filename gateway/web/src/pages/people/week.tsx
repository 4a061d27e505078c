import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { SetDutyRequestSchema, type Absence, type DutyWeek } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { ColleaguePicker } from "../../ui/colleaguepicker";
import { readPeopleAgain } from "../../ui/colleagues";
import { onDate, onDay } from "../../ui/dates";
import { list, type Drawn, type Field } from "../../ui/form/fields";
import { StepButton } from "../../ui/form/step";
import { usePartyName } from "../../ui/party";
import type { Week as Dates } from "../../ui/weeks";

interface Props { week: Dates; present: boolean; duty?: DutyWeek; absences: Absence[]; unit: string; leads: boolean; asked?: boolean }

// Week is who is on duty in one week. That nobody is, is said.
export function Week({ week, present, duty, absences, unit, leads, asked }: Props) {
  const t = useTexts("people"), party = usePartyName(), workers = duty?.workers ?? [];
  const away = (worker: string) => absences.find((one) => one.worker?.worker === worker && one.from <= week.to && one.to >= week.from);
  const short = (key: string) => onDate(key).replace(/\d{4}$/, ""), title = t("week", { number: week.number });
  const fields: Field[] = [{
    kind: "drawn", name: "workers", label: "onDutyPeople", of: ["workers"], malformed: "twice",
    draw: (drawn) => <Pair {...drawn} unit={unit} />,
  }];
  return (
    <li data-week={week.week} className={present ? "present" : undefined}>
      <p className="week-name"><strong>{title}</strong> <span className="quiet">
        {short(week.from)}–{short(week.to)}{present && `, ${t("thisWeek")}`}
      </span></p>
      <div className="week-people">
        {workers.length === 0 && <p className={present ? "late" : "unfilled"}>
          <span aria-hidden="true" className="shape">▲</span>{t("noDuty", { number: week.number })}
        </p>}
        {workers.length > 0 && <ul>{workers.map((worker) => {
          const absence = away(worker.worker);
          return (
            <li key={worker.worker} data-on-duty={worker.worker}>
              <span dir="auto">{party(worker, true)}</span>
              {absence && <span className="late"> {t("awayIn", { from: onDay(absence.from), to: onDay(absence.to) })}</span>}
            </li>
          );
        })}</ul>}
      </div>
      {leads && <StepButton name="SetDuty" label={t("change")} about={title} title={t("setDuty", { number: week.number })} quiet
        opened={asked} sendLabel={t("save")} texts="people" keep={false} schema={SetDutyRequestSchema} fields={fields}
        initial={{ workers: workers.map(({ worker }) => worker) }}
        make={(values, requestId) => ({ requestId, unit, week: week.week, workers: list(values, "workers").filter(Boolean) })}
        send={(request) => createClient(CaseworkService, transport).setDuty(request)} done={() => void readPeopleAgain()} />}
    </li>
  );
}

// A pair is the rule; so many people one week may have.
const usual = 2, most = 5;

// Pair chooses who is on duty; a further choice is added on request.
function Pair({ id, value, change, wrong, unit }: Drawn & { unit: string }) {
  const t = useTexts("people"), chosen = (value as string[] | undefined) ?? [], [more, add] = useState(0);
  const count = Math.min(most, Math.max(usual, chosen.length) + more);
  const set = (at: number, worker: string) =>
    change(Array.from({ length: count }, (_, index) => (index === at ? worker : chosen[index] ?? "")));
  return (
    <div className="pair" id={id} tabIndex={-1} role="group" aria-label={t("onDutyPeople")}>
      {Array.from({ length: count }, (_, at) => (
        <ColleaguePicker key={at} id={`${id}-${at}`} label={t("dutyPlace", { number: at + 1 })} unit={unit} value={chosen[at] ?? ""}
          without={chosen.filter((worker, index) => worker && index !== at)} change={(worker) => set(at, worker)} nobody={t("nobodyChosen")}
          wrong={at === 0 ? wrong : undefined} />
      ))}
      {count < most && <Button type="button" variant="secondaryNoBorder" onClick={() => add(more + 1)}>{t("addDuty")}</Button>}
    </div>
  );
}
