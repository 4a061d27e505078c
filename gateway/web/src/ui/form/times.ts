import { timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";

// Offset of Finland's time from UTC at a moment, in milliseconds.
function ahead(at: Date): number {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Helsinki", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  })
    .formatToParts(at).map(({ type, value }) => [type, value]));
  return Date.UTC(
    Number(parts.year), Number(parts.month) - 1, Number(parts.day), Number(parts.hour), Number(parts.minute),
  ) - Math.floor(at.getTime() / 60_000) * 60_000;
}

// finnish converts a local time in Finland, "2026-11-23T09:05", to a timestamp.
export function finnish(local: string): Timestamp | undefined {
  const utc = Date.parse(`${local}Z`);
  if (Number.isNaN(utc)) return undefined;
  const guess = new Date(utc - ahead(new Date(utc)));
  return timestampFromDate(new Date(utc - ahead(guess)));
}

// endOfDay returns the last second of a day in Finland: a time limit ends with its day.
export const endOfDay = (day: string): Timestamp | undefined => {
  const minute = finnish(`${day}T23:59`);
  return minute && { ...minute, seconds: minute.seconds + 59n };
};

// local formats a moment as local time in Finland: "2026-11-23T09:05".
export const local = (at: Date) => new Date(at.getTime() + ahead(at)).toISOString().slice(0, 16);
