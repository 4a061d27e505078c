import type { PhoneHours } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { dayKey } from "./dates";
import { isDayOff } from "./workingdays";

const timeFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Europe/Helsinki" });
const oneDay = 86_400_000;

// timeOf returns the time of the day in Finland as HH:MM.
export const timeOf = (time: Date) => timeFormat.format(time);

// on reports whether hours hold on a weekday, 1 for Monday.
function on(days: string, weekday: number) {
  const [first = 0, last = first] = days.split("-").map(Number);
  return weekday >= first && weekday <= last;
}

export interface Opening {
  open: boolean;
  // If it is closed: the day, as noon in UTC, and the time of the day at which it opens next.
  day?: Date;
  from?: string;
}

// openingOf returns whether a telephone is answered now, and when it is next. A telephone without
// hours is taken to be answered. Days that are holidays come from the services' calendar.
export function openingOf(hours: PhoneHours[], now: Date): Opening {
  if (hours.length === 0) return { open: true };
  const time = timeOf(now), today = Date.parse(dayKey(now));
  for (let ahead = 0; ahead < 14; ahead += 1) {
    const date = new Date(today + ahead * oneDay), key = date.toISOString().slice(0, 10);
    if (isDayOff(key)) continue;
    const its = hours.filter(({ days }) => on(days, date.getUTCDay() || 7)).sort((a, b) => a.from.localeCompare(b.from));
    if (ahead === 0 && its.some(({ from, to }) => from <= time && time < to)) return { open: true };
    const next = its.find(({ from }) => ahead > 0 || from > time);
    if (next) return { open: false, day: new Date(`${key}T12:00:00Z`), from: next.from };
  }
  return { open: false };
}

// spokenHour is a time of the day without what people leave out: "9", "9.30".
export const spokenHour = (time: string) => time.replace(/^0/, "").replace(":00", "").replace(":", ".");

// spokenParts writes the hours of a day as people say them, "16–8": what ends at midnight goes on after it.
// Nothing is returned for the whole day.
export function spokenParts(parts: string[]): string | undefined {
  const all = parts.map((part) => part.split("-") as [string, string]), [first] = all, last = all.at(-1);
  if (!first || !last || (all.length === 1 && first[0] === "00:00" && first[1] === "24:00")) return undefined;
  const joined = all.length > 1 && first[0] === "00:00" && last[1] === "24:00"
    ? [...all.slice(1, -1), [last[0], first[1]] as const] : all;
  return joined.map(([from, to]) => `${spokenHour(from)}–${spokenHour(to)}`).join(", ");
}

// weekdayName is a weekday by its ISO number, 1 for Monday.
export function weekdayName(weekday: number, language: string, weekdayStyle: "short" | "long" = "short") {
  // 1 January 2024 was a Monday.
  return new Intl.DateTimeFormat(language, { weekday: weekdayStyle, timeZone: "UTC" }).format(Date.UTC(2024, 0, weekday));
}

// hoursOf writes hours as people say them: "ma–pe 9–11, ma–to 12–15".
export function hoursOf(hours: PhoneHours[], language: string) {
  const named = (weekday: string) => weekdayName(Number(weekday), language);
  return hours.map(({ days, from, to }) => `${days.split("-").map(named).join("–")} ${spokenHour(from)}–${spokenHour(to)}`).join(", ");
}
