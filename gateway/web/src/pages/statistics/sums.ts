// The arithmetic of the statistics, without input or output.

export const services = ["concern", "referral", "consultation", "plan"] as const;
export type ServiceName = (typeof services)[number];

// Row is a LoopCount in plain numbers; a wait that is not published is absent.
export interface Row {
  service: string;
  sender: string;
  receiver: string;
  month: string;
  sent: number;
  taken: number;
  closed: number;
  declined: number;
  overdue: number;
  noShows: number;
  repeats: number;
  contacts: number;
  wait?: number;
}

export type Counted = "sent" | "taken" | "closed" | "declined" | "overdue" | "noShows" | "repeats";

// As the API returns them.
interface Count {
  service: string; month: string; sender?: { agency: string }; receiver?: { agency: string };
  sent: bigint; taken: bigint; closed: bigint; declined: bigint; overdue: bigint; noShows: bigint; repeats: bigint;
  doorsPerClientTenths: bigint; medianSecondsToTaken?: bigint;
}

export const rowOf = (count: Count): Row => ({
  service: count.service, month: count.month, sender: count.sender?.agency ?? "", receiver: count.receiver?.agency ?? "",
  sent: Number(count.sent), taken: Number(count.taken), closed: Number(count.closed), declined: Number(count.declined),
  overdue: Number(count.overdue),
  noShows: Number(count.noShows), repeats: Number(count.repeats), contacts: Number(count.doorsPerClientTenths),
  wait: count.medianSecondsToTaken === undefined ? undefined : Number(count.medianSecondsToTaken),
});

export const isMonth = (text: string) => /^[0-9]{4}-(0[1-9]|1[0-2])$/.test(text);

export function monthAfter(month: string, by: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number], at = year * 12 + number - 1 + by;
  return `${String(Math.floor(at / 12)).padStart(4, "0")}-${String(at % 12 + 1).padStart(2, "0")}`;
}

export function monthsFrom(from: string, to: string): string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month, 1)) months.push(month);
  return months;
}

// spansOf joins consecutive months: first and last of each span.
export function spansOf(months: string[]): [string, string][] {
  const spans: [string, string][] = [];
  for (const month of months) {
    const span = spans.at(-1);
    if (span && monthAfter(span[1], 1) === month) span[1] = month;
    else spans.push([month, month]);
  }
  return spans;
}

// The most months of one request.
export const mostMonths = 36;

// wrongIn returns the rule that a choice of months violates, if any.
export const wrongs = ["noMonth", "notEnded", "backwards", "tooMany"] as const;
export function wrongIn(from: string, to: string, lastEnded: string): (typeof wrongs)[number] | undefined {
  if (!isMonth(from) || !isMonth(to)) return "noMonth";
  if (to > lastEnded) return "notEnded";
  if (from > to) return "backwards";
  return monthAfter(from, mostMonths - 1) < to ? "tooMany" : undefined;
}

export const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

// byMonth sums the counts: for each month the number of each part.
export const byMonth = (rows: Row[], months: string[], parts: ((row: Row) => number)[]): number[][] =>
  months.map((month) => {
    const of = rows.filter((row) => row.month === month);
    return parts.map((part) => sum(of.map(part)));
  });

// middle is the weighted median; the lower of two.
export function middle(numbers: { value: number; times: number }[]): number {
  const sorted = [...numbers].sort((a, b) => a.value - b.value), half = sum(numbers.map(({ times }) => times)) / 2;
  let until = 0;
  for (const { value, times } of sorted) if ((until += times) >= half) return value;
  return 0;
}

// Flow is the sum of one path in one service, over all months.
export interface Flow {
  service: string;
  sender: string;
  receiver: string;
  sent: number;
  overdue: number;
  // Number of matters with a published wait; the median, minimum and maximum of the months'
  // medians.
  taken: number;
  wait?: number;
  shortest?: number;
  longest?: number;
}

export function flowsOf(rows: Row[], key: (row: Row) => string): Flow[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) if (row.service) groups.set(key(row), [...groups.get(key(row)) ?? [], row]);
  return [...groups.values()].map((of) => {
    const known = of.filter((row) => row.wait !== undefined && row.taken > 0), waits = known.map((row) => row.wait!);
    return {
      service: of[0]!.service, sender: of[0]!.sender, receiver: of[0]!.receiver,
      sent: sum(of.map(({ sent }) => sent)), overdue: sum(of.map(({ overdue }) => overdue)), taken: sum(known.map(({ taken }) => taken)),
      ...(waits.length ? {
        wait: middle(known.map((row) => ({ value: row.wait!, times: row.taken }))), shortest: Math.min(...waits),
        longest: Math.max(...waits),
      } : {}),
    };
  });
}

// lanesOf orders the agencies from pure senders to pure receivers, so that most lines go down.
export function lanesOf(flows: Flow[]): string[] {
  const share = (agency: string) => {
    const out = sum(flows.filter(({ sender }) => sender === agency).map(({ sent }) => sent));
    const into = sum(flows.filter(({ receiver }) => receiver === agency).map(({ sent }) => sent));
    return (out - into) / (out + into);
  };
  const agencies = [...new Set(flows.flatMap(({ sender, receiver }) => [sender, receiver]))];
  return agencies.sort((a, b) => share(b) - share(a) || a.localeCompare(b));
}

// Units of time for waits; the largest that fits twice is used.
export const units = ["days", "hours", "minutes"] as const;
const sizes = { days: 86_400, hours: 3600, minutes: 60 };
export function unitOf(seconds: number): { unit: (typeof units)[number]; size: number } {
  const unit = units.find((one) => seconds >= 2 * sizes[one]) ?? "minutes";
  return { unit, size: sizes[unit] };
}

export const wayOf = (row: Row) => [row.service, row.sender, row.receiver].join(" ");
export const receiverOf = (row: Row) => [row.service, row.receiver].join(" ");

// csv quotes cells where needed, and prevents a cell from being read as a formula. Spreadsheets
// expect semicolons and a byte order mark where the comma is the decimal sign.
export function csv(cells: string[][]): string {
  const quoted = (cell: string) => {
    const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
    return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `\uFEFF${cells.map((row) => row.map(quoted).join(";")).join("\r\n")}\r\n`;
}
