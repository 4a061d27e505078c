import { scaleLinear } from "d3-scale";
import { useId } from "react";

import { useTexts } from "../../app/language";
import { AlongAxis } from "../../ui/chart/axis";
import { Patterns, plainId } from "../../ui/chart/patterns";
import { useWidth } from "../../ui/chart/width";
import { useSay } from "./say";
import { lanesOf, type Flow } from "./sums";
import { ticksTo } from "./waits";

interface Props { flows: Flow[]; breaks: boolean; labelledBy: string; describedBy: string }

const head = 34, row = 84, gap = 14, foot = 28, side = 10;
// A bar whose thickness is the number of matters; without a published wait, a stub.
const thickest = 32, stub = 22;

// PathDrawing draws each agency as a lane. A line leaves the sender's lane and arrives in the
// receiver's; the length of its bar is the wait until somebody takes the matter.
export function PathDrawing({ flows, breaks, labelledBy, describedBy }: Props) {
  const t = useTexts("statistics"), say = useSay(), id = plainId(useId()), [place, width] = useWidth();
  const lanes = lanesOf(flows), into = (agency: string) => flows.filter(({ receiver }) => receiver === agency);
  const tops = new Map<string, number>();
  let height = 0;
  for (const lane of lanes) {
    tops.set(lane, height);
    height += head + into(lane).length * row + gap;
  }
  const step = Math.min(16, width / 4 / flows.length), start = flows.length * step + 16;
  const values = ticksTo(Math.max(1, ...flows.map(({ wait }) => wait ?? 0))), most = values.at(-1)!;
  const along = scaleLinear().domain([0, most]).range([start, Math.max(width - side, start + 1)]);
  const thick = scaleLinear().domain([0, Math.max(...flows.map(({ sent }) => sent))]).range([0, thickest]);
  const ground = (lane: string) => tops.get(lane)! + head - 8;
  const narrow = width < 560;
  return (
    <div className="drawing path" ref={place}>
      <ul className="legend">
        <li><svg width="22" height="14" aria-hidden="true"><circle cx="11" cy="7" r="5" className="mark-sent" /></svg>{t("keySent")}</li>
        <li>
          <svg width="22" height="14" aria-hidden="true"><rect x="1" y="2" width="20" height="10" className="in-time" /></svg>
          {t("keyWait")}
        </li>
        {breaks && <li>
          <svg width="22" height="14" aria-hidden="true">
            <Patterns id={`${id}k`} />
            <rect x="1" y="2" width="20" height="10" fill={`url(#${id}k-break)`} className="break" />
          </svg>
          {t("keyBreak")}
        </li>}
        <li><svg width="22" height="14" aria-hidden="true"><circle cx="11" cy="7" r="5" className="mark-taken" /></svg>{t("keyTaken")}</li>
      </ul>
      {width > 0 && (
        <svg role="img" aria-labelledby={labelledBy} aria-describedby={describedBy} width={width} height={height + foot}>
          <Patterns id={id} />
          <AlongAxis scale={along} ticks={values} say={(value) => (value === 0 ? "0" : say.waitIn(value, most))} from={0} to={height} />
          {lanes.map((lane) => <line key={lane} x1="0" x2={width} y1={ground(lane)} y2={ground(lane)} className="lane" />)}
          {flows.map((flow, index) => <Way key={[flow.service, flow.sender, flow.receiver].join(" ")} {...{ id, flow, narrow, start }}
            x={8 + index * step} from={ground(flow.sender)} top={tops.get(flow.receiver)! + head + into(flow.receiver).indexOf(flow) * row}
            end={flow.wait === undefined ? start + stub : along(flow.wait)} thick={Math.max(3, thick(flow.sent))} />)}
          {lanes.map((lane) => (
            <text key={lane} x={narrow ? 0 : start + 5} y={ground(lane) - 8} className="strong backed">{say.agency(lane)}</text>
          ))}
        </svg>
      )}
    </div>
  );
}

interface WayProps {
  id: string;
  flow: Flow;
  narrow: boolean;
  x: number;
  from: number;
  top: number;
  start: number;
  end: number;
  thick: number;
}

function Way({ id, flow, narrow, x, from, top, start, end, thick }: WayProps) {
  const t = useTexts("statistics"), say = useSay(), middle = top + 58, known = flow.wait !== undefined;
  const late = thick * Math.min(1, flow.overdue / flow.sent), upper = middle - thick / 2;
  const service = say.service(flow.service), matters = t("matters", { number: say.number(flow.sent) }), number = say.number(flow.overdue);
  const wait = known ? t("waited", { wait: say.wait(flow.wait) }) : t("waitUnknown");
  // On a phone only the line shows the sender.
  const lines = narrow
    ? [`${service} · ${matters}`, [wait, ...(flow.overdue > 0 ? [t("lateShort", { number })] : [])].join(" · ")]
    : [
      t("wayFrom", { service, sender: say.agency(flow.sender) }),
      [matters, wait, ...(flow.overdue > 0 ? [t("late", { number })] : [])].join(", "),
    ];
  return (
    <g>
      <path d={`M${x} ${from}V${middle}H${start}`} className="way" />
      <circle cx={x} cy={from} r="5" className="mark-sent" />
      {known && <rect x={start} y={upper} width={Math.max(1, end - start)} height={thick} className="in-time" />}
      {known && late > 0 && <rect x={start} y={upper + thick - late} width={Math.max(1, end - start)} height={late}
        fill={`url(#${id}-break)`} className="break" />}
      {!known && <rect x={start} y={upper} width={stub} height={thick} className="unknown" />}
      {known && <circle cx={end} cy={middle} r="6" className="mark-taken" />}
      {lines.map((line, index) => <text key={index} x={start + 5} y={top + 16 + index * 18} className="backed">{line}</text>)}
    </g>
  );
}
