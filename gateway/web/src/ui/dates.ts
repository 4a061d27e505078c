import type { Timestamp } from "@bufbuild/protobuf/wkt";

import i18next from "i18next";

import { dateOf, lastNow } from "../app/clock";
import { workingDaysBetween } from "./workingdays";

// Dates and times in Finnish format and Finland's time, in every language of the pages.
const zone = "Europe/Helsinki";
const dayFormat = new Intl.DateTimeFormat("fi-FI", { day: "numeric", month: "numeric", year: "numeric", timeZone: zone });
const clockFormat = new Intl.DateTimeFormat("fi-FI", { hour: "numeric", minute: "2-digit", timeZone: zone });
const partsFormat = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });

export const day = (time: Date) => dayFormat.format(time);
export const clock = (time: Date) => clockFormat.format(time);
export const moment = (time: Date) => `${day(time)} ${clock(time)}`;
// onDate formats a calendar day given as YYYY-MM-DD; any other text is unchanged.
export const onDate = (key: string) => (/^\d{4}-\d{2}-\d{2}$/.test(key) ? day(new Date(`${key}T12:00:00Z`)) : key);
// dayKey returns the day in Finland as YYYY-MM-DD.
export const dayKey = (time: Date) => partsFormat.format(time);
// A time limit that ends with its day is shown without a time.
export const endsItsDay = (time: Date) => clock(time) === "23.59";

const halfYear = 183 * 86_400_000;
const shortFormat = new Intl.DateTimeFormat("fi-FI", { day: "numeric", month: "numeric", timeZone: zone });
const weekday = (time: Date) => new Intl.DateTimeFormat(i18next.language, { weekday: "short", timeZone: zone }).format(time);

// spokenDay is a day as people say it: "ma 30.11."; with its year if it is more than half a year away.
export function spokenDay(time: Date) {
  const far = Math.abs(time.getTime() - (lastNow() ?? time.getTime())) > halfYear;
  return `${weekday(time)} ${far ? day(time) : shortFormat.format(time)}`;
}
// onDay is a calendar day, given as YYYY-MM-DD, as people say it.
export const onDay = (key: string) => spokenDay(new Date(`${key}T12:00:00Z`));
// spokenTime is a time of the day as people say it: "klo 10", "klo 16.40".
export const spokenTime = (time: Date) => i18next.t("shell:at", { time: clock(time).replace(/\.00$/, "") });
// limit is a time limit or an appointment as people say it: "ma 30.11.", "ti 1.12. klo 10".
export const limit = (time: Date) => (endsItsDay(time) ? spokenDay(time) : `${spokenDay(time)} ${spokenTime(time)}`);

// Distance is the time to or since a time limit, for t(key, { count }).
export interface Distance { key: string; count: number; late: boolean }

const hour = 3_600_000;

export function distance(due: Date, now: Date): Distance {
  const late = now > due, apart = Math.abs(due.getTime() - now.getTime());
  if (late) {
    if (apart < hour) return { key: "late_minutes", count: Math.max(1, Math.floor(apart / 60_000)), late };
    if (apart < 24 * hour) return { key: "late_hours", count: Math.floor(apart / hour), late };
    return { key: "late_days", count: Math.floor(apart / (24 * hour)), late };
  }
  if (dayKey(due) === dayKey(now)) {
    if (endsItsDay(due)) return { key: "today", count: 0, late };
    return apart < hour ? { key: "in_minutes", count: Math.max(1, Math.floor(apart / 60_000)), late }
      : { key: "in_hours", count: Math.floor(apart / hour), late };
  }
  const days = workingDaysBetween(dayKey(now), dayKey(due));
  return days === undefined || days > 20 ? { key: "on_day", count: 0, late } : { key: "in_days", count: days, late };
}

export const dueToday = (due: Timestamp | undefined, now: Date) => {
  const time = dateOf(due);
  return time !== undefined && time >= now && dayKey(time) === dayKey(now);
};
