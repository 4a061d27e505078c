const halfYear = 183 * 86_400_000;

function keyOf(year: number, month: number, day: number): string | undefined {
  const key = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  const date = new Date(`${key}T12:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(key) ? key : undefined;
}

// dayOf reads a day as people write it, "1.12.2026" or "1.12.", and returns it as YYYY-MM-DD. A day
// without a year is the nearest one.
export function dayOf(typed: string, now: Date): string | undefined {
  const text = typed.trim(), ready = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (ready) return keyOf(Number(ready[1]), Number(ready[2]), Number(ready[3]));
  const [, day, month, year] = /^(\d{1,2})\.\s*(\d{1,2})(?:\.\s*(\d{4})?)?$/.exec(text) ?? [];
  if (!day) return undefined;
  if (year) return keyOf(Number(year), Number(month), Number(day));
  const present = now.getUTCFullYear();
  const near = [present, present + 1, present - 1].map((one) => keyOf(one, Number(month), Number(day)));
  return near.find((key) => key && Math.abs(new Date(`${key}T12:00:00Z`).getTime() - now.getTime()) <= halfYear) ?? near[0];
}

// clockOf reads a time of the day, "9", "9.05", "9:05" or "0905", and returns it as HH:MM.
export function clockOf(typed: string): string | undefined {
  const [, hour, minute = "00"] = /^(\d{1,2})(?:[.:]?(\d{2}))?$/.exec(typed.trim()) ?? [];
  return hour && Number(hour) < 24 && Number(minute) < 60 ? `${hour.padStart(2, "0")}:${minute}` : undefined;
}

// isDay and isMoment report whether a field's value is complete, and not a text that could not be
// read.
export const isDay = (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value);
export const isMoment = (value: string) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(value);
