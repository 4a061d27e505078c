import { useTexts } from "../../app/language";
import { Bars } from "../../ui/chart/bars";
import { Picture } from "../../ui/chart/picture";
import type { Sheet } from "../../ui/chart/table";
import { useSay } from "./say";
import { byMonth, spansOf, sum, type Row } from "./sums";

// Part is one of the parts of a bar, with its label.
export interface Part { name: string; of: (row: Row) => number }

interface Props {
  name: string;
  title: string;
  parts: Part[];
  rows: Row[];
  months: string[];
  // The unit of the counts, and the condition for counting.
  notes: string[];
  // Rows that the reader may not see.
  undisclosed?: string;
  // Averages are in tenths; they are neither added up nor rounded to 5.
  mean?: boolean;
  save: (name: string) => (sheet: Sheet) => void;
}

// Monthly shows the counts of each month.
export function Monthly({ name, title, parts, rows, months, notes, undisclosed, mean, save }: Props) {
  const t = useTexts("statistics"), say = useSay();
  const scale = mean ? 10 : 1, counted = byMonth(rows, months, parts.map(({ of }) => of)).map((of) => of.map((value) => value / scale));
  // A service without published counts is left out of the picture.
  const kept = parts.map((_, part) => part).filter((part) => parts.length === 1 || counted.some((of) => of[part]! > 0));
  const numbers = counted.map((of) => kept.map((part) => of[part]!)), totals = numbers.map(sum);
  const none = months.filter((_, index) => totals[index] === 0);
  const shown = kept.map((part) => parts[part]!.name), number = (value: number) => (value > 0 ? say.exact(value) : t("tooFew"));
  const more = kept.length > 1;
  const sheet: Sheet = {
    head: [t("month"), ...shown, ...(more ? [t("total")] : [])], names: 1,
    rows: months.map((month, index) => [say.month(month), ...numbers[index]!.map(number), ...(more ? [number(totals[index]!)] : [])]),
  };
  const said = [
    ...(mean ? [] : [t("ofAll", { number: say.number(sum(totals)) })]), ...notes,
    ...(undisclosed ? [undisclosed] : []),
    ...(none.length ? [t("tooFewIn", { months: spansOf(none)
      .map(([first, last]) => (first === last ? say.month(first) : `${say.month(first)} – ${say.month(last)}`))
      .join(", ") })] : []),
  ].join(" ");
  if (none.length === months.length) return <Nothing name={name} title={title}
    why={[...(rows.length || !undisclosed ? [t("tooFewAtAll")] : []), ...(undisclosed ? [undisclosed] : [])].join(" ")} />;
  const bars = months.map((month, index) => ({
    name: month, short: say.shortMonth(month), more: index === 0 || month.endsWith("-01") ? month.slice(0, 4) : undefined,
    parts: numbers[index]!,
  }));
  return (
    <Picture name={name} title={title} notes={said} sheet={sheet} words={{ table: t("table"), save: t("save") }} save={save(name)}>
      {(ids) => <Bars bars={bars} parts={shown} say={mean ? say.exact : say.number} unit={mean ? t("perClient") : t("inMatters")}
        whole={!mean} {...ids} />}
    </Picture>
  );
}

// Nothing explains why a question has no answer that may be published.
export function Nothing({ name, title, why }: { name: string; title: string; why: string }) {
  return (
    <section className="picture" data-picture={name} data-empty>
      <h2>{title}</h2>
      <p className="quiet notes">{why}</p>
    </section>
  );
}
