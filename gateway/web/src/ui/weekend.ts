import { timestampDate } from "@bufbuild/protobuf/wkt";

import { dayKey } from "./dates";
import { finnish } from "./form/times";
import { weeksFrom } from "./weeks";
import { isDayOff } from "./workingdays";

const oneDay = 86_400_000;
const shifted = (day: string, by: number) => new Date(Date.parse(day) + by * oneDay).toISOString().slice(0, 10);
const isWorkingDay = (day: string) => new Date(day).getUTCDay() % 6 !== 0 && !isDayOff(day);

// working returns the first working day from a day on, forwards or backwards. No holidays take two weeks.
function working(day: string, by: 1 | -1): string {
  for (let ahead = 0; ahead < 14; ahead += 1) if (isWorkingDay(shifted(day, ahead * by))) return shifted(day, ahead * by);
  return day;
}

// Weekend is the end of a week: its last working day, from when one prepares for it, and until when the offices
// are closed.
export interface Weekend { last: string; from: Date; next: string; until: Date }

const at = (local: string) => timestampDate(finnish(local)!);

// weekendOf returns the end of the week of a day, given as YYYY-MM-DD.
export function weekendOf(day: string): Weekend {
  const sunday = weeksFrom(day, 1)[0]!.to, last = working(sunday, -1), next = working(shifted(sunday, 1), 1);
  return { last, from: at(`${last}T12:00`), next, until: at(`${next}T08:00`) };
}

// isBeforeWeekend reports whether it is the last working day of a week, from 12 on.
export function isBeforeWeekend(now: Date): boolean {
  const today = dayKey(now), { last, from } = weekendOf(today);
  return today === last && now >= from;
}
