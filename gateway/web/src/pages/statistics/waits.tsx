import { scaleLinear } from "d3-scale";

import { useTexts } from "../../app/language";
import { Picture } from "../../ui/chart/picture";
import { Spans } from "../../ui/chart/spans";
import type { Sheet } from "../../ui/chart/table";
import { Nothing } from "./monthly";
import { useSay } from "./say";
import { flowsOf, receiverOf, services, unitOf, type Row } from "./sums";

// ticksTo returns round values from zero to above the maximum, in the unit that fits it.
export function ticksTo(most: number): number[] {
  const { size } = unitOf(most), scale = scaleLinear().domain([0, most / size]).nice(4);
  return scale.ticks(4).map((tick) => tick * size);
}

// Waits shows how long it took until somebody took a matter.
export function Waits({ rows, save }: { rows: Row[]; save: (name: string) => (sheet: Sheet) => void }) {
  const t = useTexts("statistics"), say = useSay(), title = t("waits");
  const known = flowsOf(rows, receiverOf).filter(({ wait }) => wait !== undefined).sort((a, b) =>
    services.indexOf(a.service as "plan") - services.indexOf(b.service as "plan") || b.wait! - a.wait!);
  if (!known.length) return <Nothing name="waits" title={title} why={t("tooFewAtAll")} />;
  const sheet: Sheet = {
    head: [t("service"), t("receiver"), t("takenCount"), t("waitMiddle"), t("waitLeast"), t("waitMost")], names: 2,
    rows: known.map((flow) => [
      say.service(flow.service), say.agency(flow.receiver), say.number(flow.taken), say.wait(flow.wait), say.wait(flow.shortest),
      say.wait(flow.longest),
    ]),
  };
  const spans = known.map((flow) => ({
    name: say.service(flow.service), where: say.agency(flow.receiver),
    said: t("waitSaid", { wait: say.wait(flow.wait), number: say.number(flow.taken) }),
    value: flow.wait!, least: flow.shortest!, most: flow.longest!, part: services.indexOf(flow.service as "plan"),
  }));
  const most = Math.max(...known.map(({ longest }) => longest!));
  return (
    <Picture name="waits" title={title} notes={t("waitsNote")} sheet={sheet}
      words={{ table: t("table"), save: t("save") }} save={save("waits")}>
      {(ids) => <Spans spans={spans} ticks={ticksTo} say={(value) => (value === 0 ? "0" : say.waitIn(value, most))} {...ids} />}
    </Picture>
  );
}
