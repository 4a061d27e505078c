import { scaleLinear } from "d3-scale";
import { useId } from "react";

import { AlongAxis } from "./axis";
import { fillOf, inkOf, Patterns, plainId } from "./patterns";
import { useWidth } from "./width";

// Span is a value with its minimum and maximum, for a name and a place.
export interface Span { name: string; where: string; said: string; value: number; least: number; most: number; part: number }

interface Props {
  spans: Span[];
  ticks: (most: number) => number[];
  say: (value: number) => string;
  labelledBy: string;
  describedBy?: string;
}

const foot = 26, side = 8, thick = 16;

// Spans are horizontal bars from zero, each under its name; a thin line shows the minimum to the
// maximum.
export function Spans({ spans, ticks, say, labelledBy, describedBy }: Props) {
  const id = plainId(useId()), [place, width] = useWidth();
  // On a narrow screen the labels are stacked.
  const narrow = width < 640, above = narrow ? 46 : 28, row = above + thick + 10, height = spans.length * row + foot;
  const values = ticks(Math.max(...spans.map(({ most }) => most)));
  const along = scaleLinear().domain([0, values.at(-1)!]).range([side, Math.max(width - side, side + 1)]);
  return (
    <div className="drawing" ref={place}>
      {width > 0 && (
        <svg role="img" aria-labelledby={labelledBy} aria-describedby={describedBy} width={width} height={height}>
          <Patterns id={id} />
          <AlongAxis scale={along} ticks={values} say={say} from={0} to={height - foot} />
          {spans.map((span, index) => {
            const y = index * row, middle = y + above + thick / 2, key = `${span.name} ${span.where}`;
            const least = along(span.least), most = along(span.most);
            const whisker = `M${least} ${middle}H${most}M${least} ${middle - 5}v10M${most} ${middle - 5}v10`;
            return (
              <g key={key}>
                <text x={side + 5} y={y + 18} className="backed">
                  <tspan className="strong">{narrow ? span.name : `${span.name}, ${span.where}`}</tspan><tspan dx="8">{span.said}</tspan>
                  {narrow && <tspan x={side + 5} dy="18">{span.where}</tspan>}
                </text>
                <rect x={side} y={y + above} height={thick} width={Math.max(1, along(span.value) - side)} fill={fillOf(id, span.part)}
                  stroke={inkOf(span.part)} />
                {span.most > span.least && <><path d={whisker} className="halo" /><path d={whisker} className="whisker" /></>}
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
