import texts from "../src/texts/statistics.json" with { type: "json" };
import type { Koppi } from "./koppi";
import { worked } from "./months";

// The expected tables of the statistics page, computed from the API's answer alone.

export const fi = texts.fi as Record<string, string>, services = ["concern", "referral", "consultation", "plan"];
export const first = "2026-06", last = "2026-11", shown = [first, ...worked];

// As the API returns it: zero values are omitted.
interface Count {
  service?: string; month: string; sender?: { agency: string }; receiver?: { agency: string };
  sent?: string; taken?: string; closed?: string; declined?: string; overdue?: string; noShows?: string; repeats?: string;
  doorsPerClientTenths?: string; medianSecondsToTaken?: string;
}
type Counted = "sent" | "closed" | "declined" | "overdue" | "noShows" | "repeats";

const disclosed = async (koppi: Koppi, person: string, fromMonth = first, toMonth = last) =>
  (await koppi.call<{ counts?: Count[] }>(person, "casework.v1.CaseworkService/GetStatistics", { fromMonth, toMonth })).counts ?? [];

export const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
const total = (counts: Count[], what: Counted | "taken") => sum(counts.map((count) => Number(count[what] ?? 0)));
const said = (number: number) => (number > 0 ? number.toLocaleString("fi") : fi.tooFew!);
export const called = (month: string) =>
  `${new Intl.DateTimeFormat("fi", { month: "long" }).format(new Date(`${month}-15`))} ${month.slice(0, 4)}`;

// monthly is the table that the counts must give: a column for each part with a count.
function monthly(of: string[], parts: [name: string, part: Count[], what: Counted][]): string[][] {
  const kept = parts.filter(([, part, what]) => parts.length === 1 || total(part, what) > 0);
  const row = (month: string) => kept.map(([, part, what]) => total(part.filter((count) => count.month === month), what));
  return [
    [fi.month!, ...kept.map(([name]) => name), ...(kept.length > 1 ? [fi.total!] : [])],
    ...of.map((month) => [called(month), ...row(month).map(said), ...(kept.length > 1 ? [said(sum(row(month)))] : [])]),
  ];
}
const byService = (counts: Count[], what: Counted) =>
  services.map(
    (service) => [fi[`service_${service}`]!, counts.filter((count) => count.service === service), what] as [string, Count[], Counted],
  );

const wait = (seconds: number) => {
  const [unit, size] = seconds >= 2 * 86_400 ? ["days", 86_400] as const : seconds >= 7200 ? ["hours", 3600] as const
    : ["minutes", 60] as const;
  return fi[`unit_${unit}`]!.replace("{{number}}", (seconds / size).toLocaleString("fi", { maximumFractionDigits: 1 }));
};

// waits are the median, minimum and maximum of the months' medians, weighted by the number of
// matters taken.
function waits(counts: Count[]) {
  const all = counts.filter((count) => count.medianSecondsToTaken)
    .flatMap((count) => Array.from({ length: Number(count.taken) }, () => Number(count.medianSecondsToTaken))).sort((a, b) => a - b);
  return all.length ? {
    taken: all.length, middle: wait(all[Math.ceil(all.length / 2) - 1]!), least: wait(all[0]!), most: wait(all.at(-1)!),
  } : undefined;
}

const grouped = (counts: Count[], key: (count: Count) => string) =>
  [...new Set(counts.map(key))].map((one) => counts.filter((count) => key(count) === one));

// expected is what every picture's table must show to a reader.
export async function expected(
  koppi: Koppi, person: string, own?: string, from = first, only?: string,
): Promise<Record<string, string[][]>> {
  const { agencies } = await koppi.directory();
  const agency = (of?: { agency: string }) => (of ? agencies.find((one) => one.agency === of.agency)!.names.fi! : fi.several!);
  const everything = await disclosed(koppi, person, from);
  const counts = everything.filter(({ service }) => service && (!only || service === only));
  const of = shown.filter((month) => month >= from);
  // A sender of concerns does not see their outcomes.
  const undisclosed = (count: Count) => count.service === "concern" && count.sender!.agency === own;
  const open = counts.filter((count) => !undisclosed(count));
  const byReceiver = grouped(counts, ({ service, receiver }) => `${service} ${receiver?.agency}`);
  const byWay = grouped(
    counts.filter(({ receiver }) => receiver), ({ service, sender, receiver }) => `${service} ${sender!.agency} ${receiver!.agency}`,
  );
  const contacts = of.map(
    (month) => Number(everything.find((count) => !count.service && count.month === month)?.doorsPerClientTenths ?? 0) / 10,
  );
  return {
    arrivals: monthly(of, byService(counts, "sent").filter(([name]) => !only || name === fi[`service_${only}`])),
    breaks: monthly(of, byService(open, "overdue").filter(([name]) => !only || name === fi[`service_${only}`])),
    ends: monthly(of, [[fi.closed!, counts, "closed"], [fi.declined!, counts, "declined"]]),
    repeats: monthly(of, [[fi.repeatsPart!, open, "repeats"]]),
    noShows: monthly(of, byService(open, "noShows").slice(0, 2)),
    doors: [[fi.month!, fi.contactsPart!], ...of.map((month, index) => [called(month), said(contacts[index]!)])],
    waits: byReceiver.flatMap((group) => {
      const they = waits(group);
      return they ? [
        [fi[`service_${group[0]!.service}`]!, agency(group[0]!.receiver), said(they.taken), they.middle, they.least, they.most],
      ] : [];
    }),
    path: byWay.filter((group) => total(group, "sent") > 0).map((group) => [
      agency(group[0]!.sender), agency(group[0]!.receiver), fi[`service_${group[0]!.service}`]!, said(total(group, "sent")),
      waits(group)?.middle ?? fi.tooFew!, undisclosed(group[0]!) ? fi.notDisclosed! : said(total(group, "overdue")),
    ]),
  };
}
