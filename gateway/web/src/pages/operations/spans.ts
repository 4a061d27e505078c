import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";

import type { Span } from "koppi-contract/koppi/operator/v1/operator_pb";
import { useTexts } from "../../app/language";

// Row is a span as shown: times in milliseconds, and its depth.
export interface Row { id: string; name: string; about: string; depth: number; start: number; end: number; failed: boolean }
export interface Trace { id: string; start: number; end: number; follows: number; rows: Row[] }

// tracesOf orders spans: traces by start, and in each a span before its children.
export function tracesOf(spans: Span[]): Trace[] {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  return [...byTrace].map(([id, own]) => {
    const known = new Set(own.map(({ spanId }) => spanId));
    const children = Map.groupBy(own, ({ parentSpanId }) => (known.has(parentSpanId) ? parentSpanId : ""));
    const rows: Row[] = [];
    const add = (parent: string, depth: number) => {
      for (const span of children.get(parent) ?? []) {
        const start = startOf(span);
        rows.push({
          id: span.spanId, name: span.name, about: about(span), depth, start, end: start + (span.took ? durationMs(span.took) : 0),
          failed: span.failed,
        });
        add(span.spanId, depth + 1);
      }
    };
    add("", 0);
    const follows = new Set(own.flatMap(({ linkedTraceIds }) => linkedTraceIds).filter((other) => other !== id)).size;
    return { id, rows, follows, start: Math.min(...rows.map(({ start }) => start)), end: Math.max(...rows.map(({ end }) => end)) };
  }).sort((a, b) => a.start - b.start);
}

const startOf = ({ startedAt }: Span) => (startedAt ? timestampMs(startedAt) + (startedAt.nanos % 1_000_000) / 1e6 : 0);

// about summarises a span's attributes of the matter.
function about({ name, attributes }: Span): string {
  const { "koppi.agency": agency, "koppi.phase": phase, "koppi.outcome": outcome, "koppi.waiting_on": waiting } = attributes;
  return [
    agency && !name.includes(agency) && agency, outcome, phase?.replace("LOOP_PHASE_", "").toLowerCase(), waiting && `→ ${waiting}`,
  ].filter(Boolean).join(" · ");
}

// useTook returns a function that formats a duration, in the unit that fits it.
export function useTook() {
  const t = useTexts("operations");
  return (ms: number) => {
    const [unit, size] = ([["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const).find(([, least]) => ms >= least)
      ?? (["ms", 1] as const);
    const value = ms / size;
    return t(unit, { value: (value < 10 ? value.toFixed(1) : value.toFixed(0)).replace(".", ",") });
  };
}
