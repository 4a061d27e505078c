import type { ScaleLinear } from "d3-scale";

interface Props {
  scale: ScaleLinear<number, number>;
  ticks: number[];
  say: (value: number) => string;
  // The extent of the grid lines.
  from: number;
  to: number;
}

// UpAxis has its values at the left, and a horizontal grid line for each; zero is the base line.
export function UpAxis({ scale, ticks, say, from, to }: Props) {
  return (
    <g>
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={from} x2={to} y1={scale(tick)} y2={scale(tick)} className={tick === 0 ? "ground" : "rule"} />
          <text x={from - 6} y={scale(tick)} dy=".35em" textAnchor="end">{say(tick)}</text>
        </g>
      ))}
    </g>
  );
}

// AlongAxis has its values below, and a vertical grid line for each.
export function AlongAxis({ scale, ticks, say, from, to }: Props) {
  return (
    <g>
      {ticks.map((tick, index) => (
        <g key={tick}>
          <line x1={scale(tick)} x2={scale(tick)} y1={from} y2={to} className={tick === 0 ? "ground" : "rule"} />
          <text x={scale(tick)} y={to + 16} textAnchor={index === ticks.length - 1 && index > 0 ? "end" : "middle"}>{say(tick)}</text>
        </g>
      ))}
    </g>
  );
}
