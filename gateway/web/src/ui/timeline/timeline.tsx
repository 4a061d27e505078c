import { useState } from "react";
import { Button, LoadingSpinner } from "suomifi-ui-components";

import type { CaseMessage } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import texts from "../../texts/timeline.json";
import { clock, day, dayKey } from "../dates";
import { MatterLink } from "../matterlink";
import { kindOf } from "../names";
import { usePartyName } from "../party";
import { Problem } from "../problem";
import { DetailLine } from "./detail";
import { eventKey } from "./eventkey";
import { disclosedOf } from "./events";
import { useTimeline, type TimelineOf } from "./usetimeline";
import { WithheldParts } from "./withheld";
import "./timeline.css";

addTexts("timeline", texts);

// A long history shows only the latest events at first.
const latest = 50;

interface Props {
  of: TimelineOf;
  // The open matter: events of other matters name theirs.
  subject?: string;
  // The level of the days' headings, one below the heading above.
  heading?: "h3" | "h4";
}

// Timeline shows the events of a case or a client over all four services: grouped by day, the
// newest last.
export function Timeline({ of, subject, heading: Day = "h4" }: Props) {
  const t = useTexts("timeline"), { data, error } = useTimeline(of, subject), [all, showAll] = useState(false);
  if (error) return <Problem error={error} focus={false} />;
  if (!data) return <LoadingSpinner status="loading" variant="small" text={t("loading")} />;
  const messages = all ? data : data.slice(-latest), days = new Map<string, CaseMessage[]>();
  for (const message of messages) {
    const time = dateOf(message.occurredAt), key = time ? dayKey(time) : "";
    days.set(key, [...(days.get(key) ?? []), message]);
  }
  if (!messages.length) return <p className="quiet">{t("nothing")}</p>;
  return (
    <div className="timeline">
      {messages.length < data.length && (
        <Button type="button" variant="secondaryNoBorder" onClick={() => showAll(true)}>{t("showAll", { count: data.length })}</Button>
      )}
      {[...days].map(([key, some]) => (
        <section key={key} aria-label={key ? day(dateOf(some[0]!.occurredAt)!) : t("erasedDay")}>
          <Day>{key ? day(dateOf(some[0]!.occurredAt)!) : t("erasedDay")}</Day>
          <ol>{some.map((message) => <Happened key={message.messageId} message={message} own={message.subject === subject} />)}</ol>
        </section>
      ))}
    </div>
  );
}

// Happened is one event: when, who and what.
function Happened({ message, own }: { message: CaseMessage; own: boolean }) {
  const t = useTexts("timeline"), word = useWords(), party = usePartyName(), disclosed = disclosedOf(message.event);
  const time = dateOf(message.occurredAt);
  return (
    <li className={own ? "own" : undefined} data-event={disclosed?.name ?? "withheld"}>
      <p className="happened">
        {time && <time dateTime={time.toISOString()}>{clock(time)}</time>}{" "}
        <strong>{disclosed ? t(eventKey(disclosed.name)) : t("notDisclosed")}</strong>
        {message.from?.agency && <span className="quiet"> {party(message.from)}</span>}
        {!own && <> <MatterLink subject={message.subject}>{word(kindOf(message.subject))}</MatterLink></>}
      </p>
      {disclosed && disclosed.details.length > 0 && (
        <dl>{disclosed.details.map((detail) => <DetailLine key={detail.field.name} subject={message.subject} detail={detail} />)}</dl>
      )}
      <WithheldParts withheld={message.withheld} />
    </li>
  );
}
