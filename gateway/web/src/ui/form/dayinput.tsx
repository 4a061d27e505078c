import { useEffect, useState } from "react";
import { DateInput, TimeInput } from "suomifi-ui-components";

import { lastNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import { onDate } from "../dates";
import { clockOf, dayOf } from "./days";

interface Props {
  id: string;
  label: string;
  hint?: string;
  optional?: string;
  wrong?: string;
  value: string;
  change: (value: string) => void;
  from?: string;
  until?: string;
}

const now = () => new Date(lastNow() ?? Date.now());
const dateOf = (key: string | undefined) => (key ? new Date(`${key}T00:00:00`) : undefined);
const pad = (part: number) => String(part).padStart(2, "0");
const adapter = {
  format: (date: Date) => `${date.getDate()}.${date.getMonth() + 1}.${date.getFullYear()}`,
  parse: (typed: string) => dateOf(dayOf(typed, now())) ?? new Date(NaN),
};

// DayInput asks for a day. It is typed as people write it, or picked; the value is YYYY-MM-DD, or
// what was typed if that is no day.
export function DayInput({ id, label, hint, optional, wrong, value, change, from, until }: Props) {
  const [language] = useLanguage(), [typed, type] = useState(() => onDate(value));
  const valueOf = (text: string) => dayOf(text, now()) ?? text.trim();
  useEffect(() => { if (valueOf(typed) !== value) type(onDate(value)); }, [value]);
  return (
    <DateInput id={id} labelText={label} hintText={hint} optionalText={optional} language={language} datePickerEnabled value={typed}
      dateAdapter={adapter} initialDate={now()} minDate={dateOf(from)} maxDate={dateOf(until)} status={wrong ? "error" : "default"}
      statusText={wrong} onBlur={() => type(onDate(valueOf(typed)))}
      onChange={({ value: text, date }) => {
        type(text);
        change(Number.isNaN(date.getTime()) ? text.trim() : `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`);
      }} />
  );
}

// MomentInput asks for a day and a time in Finland; the value is YYYY-MM-DDTHH:MM.
export function MomentInput({ id, label, hint, optional, wrong, value, change }: Props) {
  const t = useTexts("form"), cut = value.lastIndexOf("T"), day = value.slice(0, Math.max(0, cut)), clock = value.slice(cut + 1);
  const both = (one: string, other: string) => change(one || other ? `${one}T${other}` : "");
  return (
    <fieldset className="moment" id={id} tabIndex={-1} aria-describedby={wrong && `${id}-wrong`}>
      <legend>{label}{optional && <span className="quiet"> ({optional})</span>}</legend>
      {hint && <p className="quiet">{hint}</p>}
      <div className="moment-parts">
        <DayInput id={`${id}-day`} label={t("day")} value={day} change={(one) => both(one, clock)} wrong={wrong && " "} />
        <TimeInput id={`${id}-clock`} labelText={t("clock")} defaultValue={clock.replace(":", ".")} status={wrong ? "error" : "default"}
          onChange={(typed) => both(day, clockOf(typed) ?? typed.trim())} />
      </div>
      {wrong && <p id={`${id}-wrong`} className="wrong">{wrong}</p>}
    </fieldset>
  );
}
