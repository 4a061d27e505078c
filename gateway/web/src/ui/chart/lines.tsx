import { scaleLinear, scaleTime } from "d3-scale";
import { useId, useRef, useState, type KeyboardEvent } from "react";

import { day } from "../dates";
import "./lines.css";

export interface Point { at: Date; value: number; said: string }
// A line is identified by shape, dashes and name; colour is additional.
export interface Line { name: string; shape: "circle" | "square"; dashed?: boolean; points: Point[] }

interface Props {
  title: string;
  // Instructions for keyboard navigation; read out with the title.
  help: string;
  lines: Line[];
  from: number;
  to: number;
  tick: (value: number) => string;
}

// Drawn at phone size; on other screens it is at most half as large again.
const width = 300, height = 164, margin = { top: 14, right: 14, bottom: 26, left: 34 };
const oneDay = 86_400_000;

// LineChart draws lines over time on a scale of whole steps. It is one tab stop: arrow keys move
// between points, and each point has a label.
export function LineChart({ title, help, lines, from, to, tick }: Props) {
  const id = useId(), points = useRef(new Map<number, SVGGElement>()), [at, setAt] = useState(0), [said, say] = useState("");
  const times = lines.flatMap((line) => line.points.map((point) => point.at.getTime())).sort((a, b) => a - b);
  const first = times[0] ?? 0, last = times.at(-1) ?? 0, close = last - first < oneDay;
  const x =
    scaleTime([new Date(close ? first - oneDay : first), new Date(close ? last + oneDay : last)], [margin.left + 12, width - margin.right]);
  const y = scaleLinear([from, to], [height - margin.bottom - 6, margin.top]);
  const steps = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  // In order of time, across all lines.
  const all =
    lines.flatMap((line) => line.points.map((point) => ({ line, point }))).sort((a, b) => a.point.at.getTime() - b.point.at.getTime());
  const go = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -all.length, End: all.length }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = Math.min(Math.max(current + by, 0), all.length - 1);
    setAt(next);
    points.current.get(next)?.focus();
  };
  const current = Math.min(at, all.length - 1);
  return (
    <figure className="lines">
      <svg viewBox={`0 0 ${width} ${height}`} role="group" aria-label={title} aria-describedby={`${id}-help`} onKeyDown={go}>
        <g aria-hidden="true">
          {steps.map((step) => (
            <g key={step} className={step === 0 ? "step zero" : "step"}>
              <line x1={margin.left} x2={width - 4} y1={y(step)} y2={y(step)} />
              <text x={margin.left - 8} y={y(step)} dy="0.35em" textAnchor="end">{tick(step)}</text>
            </g>
          ))}
          <text x={x(new Date(first))} y={height - 6} textAnchor={close ? "middle" : "start"}>{day(new Date(first))}</text>
          {!close && <text x={x(new Date(last))} y={height - 6} textAnchor="end">{day(new Date(last))}</text>}
          {lines.map((line) => <path key={line.name} className={`course ${line.shape}`} strokeDasharray={line.dashed ? "5 4" : undefined}
            d={`M${line.points.map((point) => `${x(point.at)},${y(point.value)}`).join("L")}`} />)}
        </g>
        {all.map(({ line, point }, index) => (
          <g key={`${line.name} ${point.at.getTime()} ${index}`}
            ref={(one) => { if (one) points.current.set(index, one); else points.current.delete(index); }} role="img"
            aria-label={point.said} tabIndex={index === current ? 0 : -1} className={`point ${line.shape}`}
            onFocus={() => { setAt(index); say(point.said); }} onBlur={() => say("")} onPointerEnter={() => say(point.said)}
            onPointerLeave={() => say("")}>
            <circle className="reach" cx={x(point.at)} cy={y(point.value)} r={12} />
            <Mark shape={line.shape} x={x(point.at)} y={y(point.value)} />
          </g>
        ))}
      </svg>
      <figcaption>
        <ul className="legend">{lines.map((line) => <li key={line.name}><Sample line={line} />{line.name}</li>)}</ul>
        <p className="said" aria-hidden="true">{said}</p>
        <span id={`${id}-help`} className="hidden">{help}</span>
      </figcaption>
    </figure>
  );
}

// The square is larger and open, so that both shapes are visible where they overlap.
function Mark({ shape, x, y }: { shape: Line["shape"]; x: number; y: number }) {
  return shape === "circle" ? <circle className="mark" cx={x} cy={y} r={4.5} />
    : <rect className="mark" x={x - 7} y={y - 7} width={14} height={14} />;
}

function Sample({ line }: { line: Line }) {
  return (
    <svg viewBox="0 0 44 18" width={44} height={18} aria-hidden="true">
      <path className={`course ${line.shape}`} strokeDasharray={line.dashed ? "5 4" : undefined} d="M1,9L43,9" />
      <g className={`point ${line.shape}`}><Mark shape={line.shape} x={22} y={9} /></g>
    </svg>
  );
}
