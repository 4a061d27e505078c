import { Button, Dropdown, DropdownItem, TimeInput } from "suomifi-ui-components";

import { useLanguage, useTexts } from "../../app/language";
import type { Drawn } from "../../ui/form/fields";
import { clockOf } from "../../ui/form/days";
import { weekdayName } from "../../ui/hours";
import { hoursAsked, rowsOf, type Asked } from "./hours";

const weekdays = [1, 2, 3, 4, 5, 6, 7];
// So many hours a record may have.
const most = 7;

// HoursField asks when a telephone is answered: a line for each range of days.
export function HoursField({ id, value, change, wrong }: Drawn) {
  const t = useTexts("people"), rows = rowsOf(String(value ?? ""));
  const put = (next: Asked[]) => change(hoursAsked(next));
  const set = (at: number, part: Partial<Asked>) => put(rows.map((row, index) => (index === at ? { ...row, ...part } : row)));
  return (
    <fieldset className="hours" id={id} tabIndex={-1} aria-describedby={wrong && `${id}-wrong`}>
      <legend>{t("hours")}</legend>
      {rows.length === 0 && <p className="quiet">{t("hoursNone")}</p>}
      {rows.map((row, at) => (
        // A line is known by its place: lines have no name.
        <div className="hours-row" role="group" aria-label={t("hoursLine", { number: at + 1 })} key={`${at} of ${rows.length}`}>
          <Day label={t("firstDay")} value={row.first} change={(first) => set(at, { first, last: Math.max(first, row.last) })} />
          <Day label={t("lastDay")} value={row.last} change={(last) => set(at, { last })} />
          <TimeInput labelText={t("from")} defaultValue={row.from.replace(":", ".")} status={wrong ? "error" : "default"}
            onChange={(typed) => set(at, { from: clockOf(typed) ?? typed.trim() })} />
          <TimeInput labelText={t("to")} defaultValue={row.to.replace(":", ".")} status={wrong ? "error" : "default"}
            onChange={(typed) => set(at, { to: clockOf(typed) ?? typed.trim() })} />
          <Button type="button" variant="secondaryNoBorder" onClick={() => put(rows.filter((_, index) => index !== at))}>
            {t("remove")}<span className="hidden"> {t("hoursLine", { number: at + 1 })}</span>
          </Button>
        </div>
      ))}
      {wrong && <p id={`${id}-wrong`} className="wrong">{wrong}</p>}
      {rows.length < most && <Button type="button" variant="secondary" data-add-hours
        onClick={() => put([...rows, { first: 1, last: 5, from: "", to: "" }])}>{t("addHours")}</Button>}
    </fieldset>
  );
}

function Day({ label, value, change }: { label: string; value: number; change: (day: number) => void }) {
  const [language] = useLanguage();
  return (
    <Dropdown labelText={label} value={String(value)} onChange={(picked) => change(Number(picked))} fullWidth>
      {weekdays.map((one) => <DropdownItem key={one} value={String(one)}>{weekdayName(one, language, "long")}</DropdownItem>)}
    </Dropdown>
  );
}
