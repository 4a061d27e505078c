import { Link } from "@tanstack/react-router";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts, useWords } from "../../app/language";
import type { Person } from "../../app/session";
import { onDate } from "../../ui/dates";
import { RowDue, UrgencyMark } from "../../ui/marks";
import { idOf, isOverride, kindOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { ClientName } from "./client";
import type { Ticks } from "./ticks";
import type { ListName } from "./work";

// useWaits returns a function that says whom a matter waits for: the person, its unit, a colleague,
// another agency or the client.
function useWaits(person: Person) {
  const t = useTexts("worklist"), { shortAgency: agency, unit } = useDirectory();
  return ({ status, holder }: WorkItem) => {
    if (status?.waitingOnClient) return t("waitsForClient");
    const on = status?.waitingOn;
    if (!on) return "";
    if (on.agency !== person.agency) return t("waitsFor", { who: agency(on.agency) });
    const who = on.worker ? on : holder;
    if (who?.worker) return who.worker === person.worker ? t("waitsForYou") : t("waitsFor", { who: who.displayName || who.worker });
    return !who?.unit || who.unit === person.unit ? t("waitsForUnit") : t("waitsFor", { who: unit(on.agency, who.unit) });
  };
}

// useCalled returns a function that names a matter: kind, topics and number.
export function useCalled() {
  const word = useWords();
  return ({ subject, about, matterNumber }: WorkItem) =>
    [word(kindOf(subject)), about.map(word).join(", "), matterNumber].filter(Boolean).join(" · ");
}

// useFrom returns a function that names the sender: another agency, or a unit of the person's own.
export function useFrom(person: Person) {
  const { shortAgency: agency, unit } = useDirectory();
  return ({ sender }: WorkItem) => {
    if (!sender?.agency) return "";
    return sender.agency === person.agency && sender.unit ? unit(sender.agency, sender.unit) : agency(sender.agency);
  };
}

interface Props { item: WorkItem; list: ListName; person: Person; ticks?: Ticks; names?: boolean }

// Row is a matter in one line: urgency, what it is, with names about whom, from whom, whom it waits for, and until when.
export function Row({ item, list, person, ticks, names }: Props) {
  const t = useTexts("worklist"), word = useWords(), from = useFrom(person), waits = useWaits(person), called = useCalled();
  const row = { className: names ? "row named" : "row", "data-subject": item.subject };
  const said = (
    <>
      <span className="what">
        <UrgencyMark urgency={item.urgency} />
        {item.news > 0 && <span className="news" data-news>{t("news", { count: item.news })}</span>}
        <span><strong>{word(kindOf(item.subject))}</strong>{item.about.length > 0 && <> · {item.about.map(word).join(", ")}</>}</span>
      </span>
      {names && <ClientName item={item} />}
      <span className="number" translate="no">{item.matterNumber}</span>
      <span className="from">{from(item)}</span>
      <span className="waits">
        {waits(item)}{item.onDuty && <span className="quiet"> {t("onDuty")}</span>}
        {item.holderAbsentUntil && <span className="quiet" data-absent> {t("absentUntil", { day: onDate(item.holderAbsentUntil) })}</span>}
      </span>
      <span className="until"><RowDue status={item.status} urgency={item.urgency} /></span>
    </>
  );
  // The router marks the link of the open matter with aria-current. An override that waits for a second officer is decided on the
  // client's page.
  return (
    <>
      {ticks && <label className="tick"><span className="hidden">{t("tick", { what: called(item) })}</span>
        <input type="checkbox" checked={ticks.has(item.subject)} disabled={isOverride(item.subject)}
          onChange={({ nativeEvent }) => ticks.toggle(item.subject, (nativeEvent as MouseEvent).shiftKey)} /></label>}
      {isOverride(item.subject) ? <Link to="/client" search={{ id: item.clientId }} {...row}>{said}</Link>
        : <Link to={`/${list}/$kind/$id`} params={{ kind: kindOf(item.subject), id: idOf(item.subject) }} search={(before) => before}
          {...row}>{said}</Link>}
    </>
  );
}
