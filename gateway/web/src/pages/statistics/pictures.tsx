import { useTexts } from "../../app/language";
import type { Sheet } from "../../ui/chart/table";
import { all } from "./choice";
import { Monthly, type Part } from "./monthly";
import { PathPicture } from "./path";
import { save } from "./save";
import { disclosedTo, useSay } from "./say";
import { monthsFrom, services, type Counted, type Row } from "./sums";
import { Waits } from "./waits";

interface Props { rows: Row[]; from: string; to: string; service: string; own?: string }

// The services that have this step.
const possible: Partial<Record<Counted, string[]>> = {
  repeats: ["concern"], noShows: ["concern", "referral"], declined: ["concern", "referral"],
};

// Pictures shows the questions that the counts answer, one picture each.
export function Pictures({ rows, from, to, service, own }: Props) {
  const t = useTexts("statistics"), say = useSay(), months = monthsFrom(from, to);
  const chosen = rows.filter((row) => row.service && (service === all || row.service === service));
  const disclosed = chosen.filter(disclosedTo(own));
  const undisclosed = disclosed.length < chosen.length ? t("undisclosed") : undefined;
  const saveAs = (name: string) => (sheet: Sheet) => save(sheet, `koppi-${name}-${from}-${to}.csv`);
  const common = { months, save: saveAs };
  const byService = (what: Counted): Part[] =>
    services.filter((one) => service === all || one === service)
      .map((one) => ({ name: say.service(one), of: (row) => (row.service === one ? row[what] : 0) }));
  const asked = (what: Counted) => service === all || (possible[what]?.includes(service) ?? true);
  const ends: Part[] = (["closed", "declined"] as const).filter(asked).map((what) => ({ name: t(what), of: (row) => row[what] }));
  return (
    <div className="pictures">
      <p role="status" className="hidden">
        {t("shown", { from: say.month(from), to: say.month(to), service: service === all ? t("allServices") : say.service(service) })}
      </p>
      <p className="quiet notes across">{t("rounded")}</p>
      <Monthly name="arrivals" title={t("arrivals")} parts={byService("sent")} rows={chosen} notes={[t("byMonth")]} {...common} />
      <Monthly name="breaks" title={t("breaks")} parts={byService("overdue")} rows={disclosed} notes={[t("breaksNote")]}
        undisclosed={undisclosed} {...common} />
      <div className="across"><Waits rows={chosen} save={saveAs} /></div>
      {service !== "plan" && <div className="across"><PathPicture rows={chosen} own={own} save={saveAs} /></div>}
      <Monthly name="ends" title={t(ends.length > 1 ? "ends" : "endsClosed")} parts={ends} rows={chosen} notes={[t("endsNote")]}
        {...common} />
      {asked("repeats") && <Monthly name="repeats" title={t("repeats")} parts={[{ name: t("repeatsPart"), of: (row) => row.repeats }]}
        rows={disclosed} notes={[t("repeatsNote")]} undisclosed={undisclosed} {...common} />}
      {asked("noShows") && <Monthly name="noShows" title={t("noShows")} parts={byService("noShows").filter((_, index) => index < 2)}
        rows={disclosed} notes={[t("noShowsNote")]} undisclosed={undisclosed} {...common} />}
      {/* The file that is saved keeps its name. */}
      <Monthly name="doors" title={t("contacts")} parts={[{ name: t("contactsPart"), of: (row) => row.contacts }]}
        rows={rows.filter((row) => !row.service)} notes={[t("contactsNote")]} mean {...common} />
    </div>
  );
}
