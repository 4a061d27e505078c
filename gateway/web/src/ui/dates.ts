import type { Timestamp } from "@bufbuild/protobuf/wkt";

import { dateOf } from "../app/clock";

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
export const limit = (time: Date) => (endsItsDay(time) ? day(time) : moment(time));

// Easter by the Gregorian computus (Meeus, Jones and Butcher).
function easter(year: number): number {
  const a = year % 19, b = Math.floor(year / 100), c = year % 100, d = Math.floor(b / 4), e = b % 4;
  const g = Math.floor((8 * b + 13) / 25), h = (19 * a + b - d - g + 15) % 30, i = Math.floor(c / 4), k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7, m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31), date = ((h + l - 7 * m + 114) % 31) + 1;
  return Date.UTC(year, month - 1, date);
}

const oneDay = 86_400_000;
const fixed = new Set(["01-01", "01-06", "05-01", "12-06", "12-24", "12-25", "12-26"]);

// isWorkingDay follows the services' calendar (150/1930 § 5): weekends, public holidays, Christmas
// Eve and Midsummer Eve are not working days.
export function isWorkingDay(key: string): boolean {
  const at = Date.parse(key), date = new Date(at), weekday = date.getUTCDay();
  if (weekday === 0 || weekday === 6 || fixed.has(key.slice(5))) return false;
  const sinceEaster = Math.round((at - easter(date.getUTCFullYear())) / oneDay);
  if ([-2, 1, 39].includes(sinceEaster)) return false;
  return !(date.getUTCMonth() === 5 && weekday === 5 && date.getUTCDate() >= 19 && date.getUTCDate() <= 25);
}

// workingDaysUntil counts the working days after a day, up to and including another.
export function workingDaysUntil(from: Date, to: Date): number {
  let count = 0;
  const end = Date.parse(dayKey(to));
  for (let at = Date.parse(dayKey(from)) + oneDay; at <= end; at += oneDay) {
    if (isWorkingDay(new Date(at).toISOString().slice(0, 10))) count += 1;
  }
  return count;
}

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
  const days = workingDaysUntil(now, due);
  return days > 20 ? { key: "on_day", count: 0, late } : { key: "in_days", count: days, late };
}

export const dueToday = (due: Timestamp | undefined, now: Date) => {
  const time = dateOf(due);
  return time !== undefined && time >= now && dayKey(time) === dayKey(now);
};
