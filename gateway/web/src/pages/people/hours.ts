import type { PhoneHours } from "koppi-contract/koppi/common/v1/contact_point_pb";

// Asked are hours in the form: the first and the last weekday, 1 for Monday, and two times, as HH:MM or as
// typed.
export interface Asked { first: number; last: number; from: string; to: string }

// The form keeps hours as one text.
export const hoursAsked = (rows: Asked[]) => (rows.length ? JSON.stringify(rows) : "");
export const rowsOf = (value: string): Asked[] => (value ? JSON.parse(value) as Asked[] : []);

export function askedOf({ days, from, to }: Pick<PhoneHours, "days" | "from" | "to">): Asked {
  const [first = 1, last = first] = days.split("-").map(Number);
  return { first, last, from, to };
}

// A line without times says nothing.
const given = (value: string) => rowsOf(value).filter(({ from, to }) => from || to);

// hoursIn are the hours of the request.
export const hoursIn = (value: string) => given(value).map(({ first, last, from, to }) => ({
  days: first === last ? String(first) : `${Math.min(first, last)}-${Math.max(first, last)}`, from, to,
}));

const time = /^\d{2}:\d{2}$/;

// isHours reports whether each line has two times, the first before the second.
export const isHours = (value: string) => given(value).every(({ from, to }) => time.test(from) && time.test(to) && from < to);
