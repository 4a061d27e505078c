import { useQuery } from "@connectrpc/connect-query";
import { skipToken } from "@tanstack/react-query";
import { useState } from "react";
import { Button, TextInput } from "suomifi-ui-components";

import { OperatorService } from "koppi-contract/koppi/operator/v1/operator_pb";
import { useTexts } from "../../app/language";
import { moment } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { Section, type Fold } from "./section";
import { tracesOf, useTook, type Row, type Trace as OneTrace } from "./spans";

// Trace shows the traces of a matter as a waterfall, one after another.
export function Trace({ subject, showTrace, fold }: { subject: string; showTrace: (subject: string) => void; fold: Fold }) {
  const t = useTexts("operations"), [typed, type] = useState(subject), [seen, see] = useState(subject);
  if (seen !== subject) {
    see(subject);
    type(subject);
  }
  const { data, error } = useQuery(OperatorService.method.listSpans, subject ? { subject } : skipToken);
  return (
    <Section name="trace" title={t("traceTitle")} fold={fold} note={t("traceNote")}>
      <form className="trace-form" onSubmit={(event) => { event.preventDefault(); if (typed.trim()) showTrace(typed.trim()); }}>
        <TextInput dir="auto" labelText={t("traceFor")} hintText={t("traceHint")} value={typed}
          onChange={(value) => type(String(value ?? ""))} />
        <Button type="submit" variant="secondary">{t("traceShow")}</Button>
      </form>
      <Problem error={error} />
      {data?.spans.length === 0 && <p>{t("noSpans")}</p>}
      {data && <Waterfall traces={tracesOf(data.spans)} />}
    </Section>
  );
}

function Waterfall({ traces }: { traces: OneTrace[] }) {
  const t = useTexts("operations"), took = useTook();
  return (
    <ol className="traces">
      {traces.map((trace, i) => (
        <li key={trace.id} data-trace={trace.id}>
          {i > 0 && <p className="quiet gap">{t("later", { time: took(trace.start - traces[i - 1]!.start) })}</p>}
          <h3>{t("traceOf", { moment: moment(new Date(trace.start)), took: took(trace.end - trace.start) })} {trace.follows > 0 && (
            <span className="quiet">{t("linked", { count: trace.follows })}</span>
          )}</h3>
          <ol className="spans">{trace.rows.map((row) => <Bar key={row.id} row={row} trace={trace} />)}</ol>
        </li>
      ))}
    </ol>
  );
}

// Bar is a span: its name and attributes, and its place in the trace.
function Bar({ row, trace }: { row: Row; trace: OneTrace }) {
  const t = useTexts("operations"), took = useTook(), whole = Math.max(trace.end - trace.start, 0.001);
  const left = (100 * (row.start - trace.start)) / whole, width = Math.max((100 * (row.end - row.start)) / whole, 0.6);
  return (
    <li className={row.failed ? "span failed" : "span"}>
      <span className={`name depth-${Math.min(row.depth, 6)}`}>
        {row.name} {row.about && <span className="quiet">{row.about}</span>}{row.failed && <strong className="late"> {t("failed")}</strong>}
      </span>
      <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect x={Math.min(left, 99.4)} y="1" width={width} height="6" />
      </svg>
      <span className="took">{took(row.end - row.start)}</span>
    </li>
  );
}
