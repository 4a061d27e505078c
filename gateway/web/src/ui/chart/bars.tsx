import { scaleBand, scaleLinear } from "d3-scale";
import { useId } from "react";

import { UpAxis } from "./axis";
import { fillOf, inkOf, Legend, Patterns, plainId } from "./patterns";
import { useWidth } from "./width";

// Bar is one stacked bar; short is the label below it, and more a second label where it changes.
export interface Bar { name: string; short: string; more?: string; parts: number[] }

interface Props {
  bars: Bar[];
  parts: string[];
  say: (value: number) => string;
  unit: string;
  // Ids of the picture's label and description.
  labelledBy: string;
  describedBy?: string;
  // Values are whole numbers.
  whole?: boolean;
}

const height = 232, top = 36, bottom = 40, left = 44, labelWidth = 46;
const steps = [1, 2, 3, 4, 6, 12];

// Bars start at zero, with their sum above.
export function Bars({ bars, parts, say, unit, labelledBy, describedBy, whole = true }: Props) {
  const id = plainId(useId()), [place, width] = useWidth();
  const sums = bars.map((bar) => bar.parts.reduce((all, one) => all + one, 0));
  const up = scaleLinear().domain([0, Math.max(...sums, whole ? 5 : 1)]).nice(4).range([height - bottom, top]);
  const ticks = up.ticks(4).filter((tick) => !whole || Number.isInteger(tick));
  const along =
    scaleBand().domain(bars.map(({ name }) => name)).range([left, Math.max(width, left + 1)]).paddingInner(0.3).paddingOuter(0.15);
  // If labels would overlap only some are shown, including those with a second label.
  const every = steps.find((one) => one * along.step() >= labelWidth) ?? 12;
  const anchor = Math.max(0, bars.findIndex(({ more }, index) => index > 0 && more));
  const said = (index: number) => (index - anchor) % every === 0, roomy = along.step() >= 26;
  return (
    <div className="drawing" ref={place}>
      {parts.length > 1 && <Legend id={id} parts={parts} />}
      {width > 0 && (
        <svg role="img" aria-labelledby={labelledBy} aria-describedby={describedBy} width={width} height={height}>
          <Patterns id={id} />
          <text x={0} y={12} className="quiet-text">{unit}</text>
          <UpAxis scale={up} ticks={ticks} say={say} from={left} to={width} />
          {bars.map((bar, index) => {
            const x = along(bar.name)!, middle = x + along.bandwidth() / 2;
            let until = 0;
            return (
              <g key={bar.name}>
                {bar.parts.map((value, part) => {
                  const from = until;
                  until += value;
                  return value > 0 && <rect key={part} x={x} width={along.bandwidth()} y={up(until)} height={up(from) - up(until)}
                    fill={fillOf(id, part)} stroke={inkOf(part)} />;
                })}
                {roomy && sums[index]! > 0 && (
                  <text x={middle} y={up(until) - 6} textAnchor="middle" className="strong">{say(sums[index]!)}</text>
                )}
                {said(index) && <text x={middle} y={height - bottom + 17} textAnchor="middle">{bar.short}</text>}
                {bar.more && said(index) && (
                  <text x={middle} y={height - bottom + 33} textAnchor="middle" className="quiet-text">{bar.more}</text>
                )}
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
