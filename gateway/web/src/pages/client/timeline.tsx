import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import type { CaseMessage } from "#gen/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { clock, day } from "../../ui/dates";
import { PhaseMark } from "../../ui/marks";
import { kindOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { readTimeline, type Sought } from "./read";

// Timeline is what happened in all of the client's matters, by day; read when asked for.
export function Timeline({ sought }: { sought: Sought }) {
  const t = useTexts("client"), shell = useTexts("shell"), [open, show] = useState(false);
  const { data, error } = useQuery({ queryKey: ["client", "timeline", sought.clientId, sought.purpose], queryFn: () => readTimeline(sought), enabled: open });
  const days = new Map<string, CaseMessage[]>();
  for (const message of data ?? []) {
    const at = dateOf(message.occurredAt), key = at ? day(at) : "";
    days.set(key, [...(days.get(key) ?? []), message]);
  }
  return (
    <section aria-labelledby="client-timeline">
      <h2 id="client-timeline">{t("timeline")}</h2>
      {!open && <Button variant="secondary" onClick={() => show(true)} data-timeline>{t("showTimeline")}</Button>}
      <Problem error={error} />
      {open && !data && !error && <p className="quiet">{shell("loading")}</p>}
      <div role="status">{open && data && t("happened", { count: data.length })}</div>
      {[...days].map(([on, messages]) => (
        <div key={on} className="client-day"><h3>{on || t("removed")}</h3><ol>{messages.map((message) => <Happened key={message.messageId} message={message} />)}</ol></div>
      ))}
    </section>
  );
}

function Happened({ message }: { message: CaseMessage }) {
  const t = useTexts("client"), word = useWords(), party = usePartyName(), at = dateOf(message.occurredAt);
  return (
    <li>
      <time dateTime={at?.toISOString()}>{at && clock(at)}</time>
      <span className="marks"><span>{word(kindOf(message.subject))}</span>{message.status ? <PhaseMark status={message.status} /> : <span className="quiet">{t("removed")}</span>}<span className="quiet">{party(message.from)}</span></span>
    </li>
  );
}
