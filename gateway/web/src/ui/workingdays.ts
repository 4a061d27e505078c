import daysOff from "./daysoff.json" with { type: "json" };

// The holidays, by year: a list that the test TestDaysOff writes from the services' calendar
// (pkg/matter/calendar.go), so that the pages only look up.
const calendar: Record<string, string[] | undefined> = daysOff;
const oneDay = 86_400_000;

// isDayOff reports whether a day, given as YYYY-MM-DD, is a holiday.
export const isDayOff = (key: string) => calendar[key.slice(0, 4)]?.includes(key.slice(5)) ?? false;

// workingDaysBetween counts the working days after a day, up to and including another, both given
// as YYYY-MM-DD. Outside the years of the calendar nothing is known.
export function workingDaysBetween(from: string, to: string): number | undefined {
  let count = 0;
  const end = Date.parse(to);
  for (let at = Date.parse(from) + oneDay; at <= end; at += oneDay) {
    const date = new Date(at), off = calendar[date.getUTCFullYear()];
    if (!off) return undefined;
    if (date.getUTCDay() % 6 !== 0 && !off.includes(date.toISOString().slice(5, 10))) count += 1;
  }
  return count;
}

// workingDayAfter returns the nth working day after a day, both given as YYYY-MM-DD; undefined outside the
// years of the calendar.
export function workingDayAfter(from: string, count: number): string | undefined {
  for (let at = Date.parse(from) + oneDay; ; at += oneDay) {
    const key = new Date(at).toISOString().slice(0, 10), days = workingDaysBetween(from, key);
    if (days === undefined || days >= count) return days === undefined ? undefined : key;
  }
}
