import { useTexts } from "../../app/language";
import { Picture } from "../../ui/chart/picture";
import type { Sheet } from "../../ui/chart/table";
import { Nothing } from "./monthly";
import { PathDrawing } from "./pathdrawing";
import { disclosedTo, useSay } from "./say";
import { flowsOf, wayOf, type Flow, type Row } from "./sums";

// The most paths that one picture can distinguish; the table has all.
const most = 12;

// PathPicture shows the paths of matters between agencies.
export function PathPicture({ rows, own, save }: { rows: Row[]; own?: string; save: (name: string) => (sheet: Sheet) => void }) {
  const t = useTexts("statistics"), say = useSay(), disclosed = disclosedTo(own);
  const title = t("path");
  const flows = flowsOf(rows.filter(({ receiver }) => receiver), wayOf).filter(({ sent }) => sent > 0).sort((a, b) => b.sent - a.sent);
  if (!flows.length) return <Nothing name="path" title={title} why={t("tooFewAtAll")} />;
  const breaks = (flow: Flow) => (disclosed(flow) ? say.count(flow.overdue) : t("notDisclosed"));
  const sheet: Sheet = {
    head: [t("sender"), t("receiver"), t("service"), t("sentCount"), t("waitMiddle"), t("breaksCount")], names: 3,
    rows: flows.map((flow) => [
      say.agency(flow.sender), say.agency(flow.receiver), say.service(flow.service), say.number(flow.sent), say.wait(flow.wait),
      breaks(flow),
    ]),
  };
  const shown = flows.slice(0, most);
  const notes = [
    t("pathNote"), ...(flows.length > most ? [t("pathMost", { shown: most, number: flows.length })] : []),
    ...(flows.every(disclosed) ? [] : [t("undisclosedBreaks")]),
  ].join(" ");
  return (
    <Picture name="path" title={title} notes={notes} sheet={sheet} words={{ table: t("table"), save: t("save") }} save={save("path")}>
      {(ids) => (
        <PathDrawing breaks={shown.some(disclosed)} flows={shown.map((flow) => (disclosed(flow) ? flow : { ...flow, overdue: 0 }))}
          {...ids} />
      )}
    </Picture>
  );
}
