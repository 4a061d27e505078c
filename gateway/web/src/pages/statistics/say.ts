import { useDirectory } from "../../ui/party";
import { useLanguage, useTexts } from "../../app/language";
import { services, unitOf, type Row } from "./sums";

const dateOf = (month: string) => new Date(`${month}-01T00:00:00Z`);

// useSay returns functions that format numbers, months, waits and names in the reader's language.
export function useSay() {
  const t = useTexts("statistics"), [language] = useLanguage(), directory = useDirectory();
  const whole = new Intl.NumberFormat(language), exact = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const monthIn = (month: "short" | "long") => new Intl.DateTimeFormat(language, { month, timeZone: "UTC" });
  const waitIn = (seconds: number, of: number) => {
    const { unit, size } = unitOf(of);
    return t(`unit_${unit}`, { number: exact.format(seconds / size) });
  };
  return {
    number: (value: number) => whole.format(value),
    // A count that is not published is written in words.
    count: (value: number) => (value > 0 ? whole.format(value) : t("tooFew")),
    exact: (value: number) => exact.format(value),
    month: (month: string) => `${monthIn("long").format(dateOf(month))} ${month.slice(0, 4)}`,
    shortMonth: (month: string) => monthIn("short").format(dateOf(month)),
    wait: (seconds: number | undefined) => (seconds === undefined ? t("tooFew") : waitIn(seconds, seconds)),
    waitIn,
    service: (service: string) => (services.find((one) => one === service) ? t(`service_${service}`) : service),
    agency: (agency: string) => (agency ? directory.agency(agency) : t("several")),
  };
}
export type Say = ReturnType<typeof useSay>;

// Counts that a sender of concerns does not see: whether they were late or repeated, or the client
// did not come.
export const disclosedTo = (own: string | undefined) => (row: Pick<Row, "service" | "sender" | "receiver">) =>
  own === undefined || row.service !== "concern" || row.receiver === own || row.sender !== own;
