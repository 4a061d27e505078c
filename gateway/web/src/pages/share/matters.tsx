import { useId, useState } from "react";
import { Button } from "suomifi-ui-components";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import type { Person } from "../../app/session";
import { limit } from "../../ui/dates";
import { Row } from "../worklist/row";
import type { Ticks } from "../worklist/ticks";
import { hasNext, isEmergency, isHeld } from "./order";
import type { Tab } from "./read";

const groups = ["absent", "emergency", "free", "noNext", "next"] as const;
type Name = (typeof groups)[number];
export interface Group { name: Name; items: WorkItem[] }

const nameOf = (item: WorkItem, tab: Tab): Name =>
  (tab === "repeated" ? (hasNext(item) ? "next" : "noNext") : isHeld(item) ? "absent" : isEmergency(item) ? "emergency" : "free");

// grouped puts matters into the groups of a tab; within a group they keep their order.
export function grouped(items: WorkItem[], tab: Tab): Group[] {
  const of = Map.groupBy(items, (item) => nameOf(item, tab));
  return groups.flatMap((name) => (of.has(name) ? [{ name, items: of.get(name)! }] : []));
}

// So many first ones are offered to be ticked with one click, and so many rows are shown at first.
const firsts = [2, 3, 4, 5, 10], shownFirst = 100;

interface Props { groups: Group[]; tab: Tab; person: Person; ticks: Ticks; names: boolean }

// Matters lists what is shared out, each with a tick.
export function Matters({ groups: all, tab, person, ticks, names }: Props) {
  const t = useTexts("sharing"), id = useId(), [whole, showWhole] = useState(false);
  const count = all.reduce((sum, { items }) => sum + items.length, 0);
  const free = all.filter(({ name }) => name !== "absent").flatMap(({ items }) => items.map(({ subject }) => subject));
  let left = whole ? count : shownFirst;
  if (!count) return <p className="quiet">{t(`empty_${tab}`)}</p>;
  return (
    <div className="matters">
      {free.length > 1 && (
        <div className="chips share-firsts" role="group" aria-label={t("firsts")}>
          <span aria-hidden="true">{t("firsts")}</span>
          {firsts.filter((number) => number < free.length).map((number) => (
            <button key={number} type="button" data-first={number} aria-label={t("first", { number })}
              onClick={() => ticks.set(free.slice(0, number))}>{number}</button>
          ))}
          <button type="button" data-first="all" onClick={() => ticks.set(free)}>{t("all", { number: free.length })}</button>
        </div>
      )}
      {all.map(({ name, items }) => {
        const shown = items.slice(0, left);
        left -= shown.length;
        if (!shown.length) return null;
        return (
          <section key={name} data-group={name} aria-labelledby={id + name}>
            <h3 id={id + name}>{t(`group_${name}`)}</h3>
            <ul>{shown.map((item) => (
              <li key={item.subject} data-ticked={ticks.has(item.subject) || undefined}>
                <Row item={item} list="work" person={person} ticks={ticks} names={names} />
                {tab === "repeated" && <Tried item={item} />}
              </li>
            ))}</ul>
          </section>
        );
      })}
      {!whole && count > shownFirst && <Button type="button" variant="secondary" onClick={() => showWhole(true)}>
        {t("showAll", { number: count })}
      </Button>}
    </div>
  );
}

// Tried says how often the client was reported and not reached, and what comes next.
function Tried({ item }: { item: WorkItem }) {
  const t = useTexts("sharing"), word = useWords();
  const { reports, unreached, clientWill, nextMode } = item;
  const attempt = dateOf(item.nextAttemptAt), appointment = dateOf(item.nextAppointmentAt);
  const next = appointment ? t("nextAppointment", { when: limit(appointment) })
    : attempt ? [t("nextAttempt", { when: limit(attempt) }), nextMode && word(nextMode)].filter(Boolean).join(", ") : t("noNext");
  const said = [
    t("reports", { count: reports }), unreached > 0 && t("unreached", { count: unreached }),
    clientWill && clientWill !== "CLIENT_WILL_NOT_ASKED" && word(clientWill),
  ].filter(Boolean).join(" · ");
  return <p className="row-more" data-tried>{said} · <span className={hasNext(item) ? "" : "late"}>{next}</span></p>;
}
