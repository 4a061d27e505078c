import { useState } from "react";
import { Button, LoadingSpinner } from "suomifi-ui-components";

import type { CaseMessage } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import { usePrinting } from "../../app/printing";
import { usePerson } from "../../app/session";
import texts from "../../texts/timeline.json";
import { clock, day, dayKey, spokenDay } from "../dates";
import { MatterLink } from "../matterlink";
import { kindOf } from "../names";
import { usePartyName } from "../party";
import { Problem } from "../problem";
import { DetailLine } from "./detail";
import { eventKey } from "./eventkey";
import { disclosedOf, type Disclosed } from "./events";
import { useTimeline, type TimelineOf } from "./usetimeline";
import { WithheldParts } from "./withheld";
import "./timeline.css";

addTexts("timeline", texts);

// At first a matter shows its latest events alone, and a client's history, which was asked for, more.
const lines = 5, latest = 50;

interface Props {
  of: TimelineOf;
  // The open matter: events of other matters name theirs.
  subject?: string;
  // Texts that the page shows elsewhere: the timeline does not repeat them.
  said?: string[];
  // The level of the days' headings, one below the heading above.
  heading?: "h3" | "h4";
}

// Timeline shows the events of a case or a client over all four services, the newest last: the latest
// as a few lines, all of them by day.
export function Timeline({ of, subject, said = [], heading: Day = "h4" }: Props) {
  const t = useTexts("timeline"), printing = usePrinting(), { data, error } = useTimeline(of, subject);
  const [all, showAll] = useState(false);
  if (error) return <Problem error={error} focus={false} />;
  if (!data) return <LoadingSpinner status="loading" variant="small" text={t("loading")} />;
  if (!data.length) return <p className="quiet">{t("nothing")}</p>;
  const most = subject ? lines : latest, whole = all || printing, folds = data.length > most;
  const messages = whole ? data : data.slice(-most);
  const happened = (message: CaseMessage, dated: boolean) =>
    <Happened key={message.messageId} message={message} own={message.subject === subject} {...{ said, dated }} />;
  return (
    <div className="timeline">
      {folds && <Button type="button" variant="secondaryNoBorder" aria-expanded={all} onClick={() => showAll(!all)} data-fold>
        {all ? t("showLatest") : t("showAll", { count: data.length })}
      </Button>}
      {subject && !whole ? <ol className="lines">{messages.map((message) => happened(message, true))}</ol>
        : byDay(messages).map(([key, some]) => {
          const named = key ? day(dateOf(some[0]!.occurredAt)!) : t("erasedDay");
          return <section key={key} aria-label={named}>
            <Day>{named}</Day><ol>{some.map((message) => happened(message, false))}</ol>
          </section>;
        })}
    </div>
  );
}

function byDay(messages: CaseMessage[]): [string, CaseMessage[]][] {
  const days = new Map<string, CaseMessage[]>();
  for (const message of messages) {
    const time = dateOf(message.occurredAt), key = time ? dayKey(time) : "";
    days.set(key, [...(days.get(key) ?? []), message]);
  }
  return [...days];
}

// A pair that has ended names no worker; a request that lapsed is told as such.
const nameOf = ({ name, details, lapsed }: Disclosed) =>
  (lapsed ? "event_answerLapsed" : name === "SecondWorkerSet" && details.length === 0 ? "event_SecondWorkerSet_ended" : eventKey(name));

interface HappenedProps { message: CaseMessage; own: boolean; said: string[]; dated: boolean }

// Happened is one event: when, who and what; as a line of its own with its day, a colleague by name alone,
// and the user as such.
function Happened({ message, own, said, dated }: HappenedProps) {
  const t = useTexts("timeline"), word = useWords(), party = usePartyName(), disclosed = disclosedOf(message.event);
  const person = usePerson(), time = dateOf(message.occurredAt), colleague = message.from?.agency === person.agency;
  const mine = dated && colleague && message.from?.worker === person.worker;
  const details = disclosed?.details.filter(({ value }) => typeof value !== "string" || !said.includes(value)) ?? [];
  return (
    <li className={own ? "own" : undefined} data-event={disclosed?.name ?? "withheld"}>
      <p className="happened">
        {time && <time dateTime={time.toISOString()}>{dated && `${spokenDay(time)} `}{clock(time)}</time>}{" "}
        <strong>{disclosed ? t(nameOf(disclosed)) : t("notDisclosed")}</strong>
        {message.from?.agency && <span className="quiet"> {mine ? t("you") : party(message.from, dated && colleague)}</span>}
        {!own && <> <MatterLink subject={message.subject}>{word(kindOf(message.subject))}</MatterLink></>}
      </p>
      {details.length > 0 && (
        <dl>{details.map((detail) => <DetailLine key={detail.field.name} subject={message.subject} detail={detail} />)}</dl>
      )}
      <WithheldParts withheld={message.withheld} />
    </li>
  );
}
