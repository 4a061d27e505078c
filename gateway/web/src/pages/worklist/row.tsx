import { Link } from "@tanstack/react-router";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts, useWords } from "../../app/language";
import type { Person } from "../../app/session";
import { Marks, PhaseMark } from "../../ui/marks";
import { idOf, isOverride, kindOf, shortId } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import type { ListName } from "./work";

// Row is a matter in two lines: what it is, and whose turn until when.
export function Row({ item, list, person }: { item: WorkItem; list: ListName; person: Person }) {
  const t = useTexts("worklist"), word = useWords(), { agency } = useDirectory(), kind = kindOf(item.subject);
  const { status } = item;
  const turn = () => {
    if (status?.waitingOnClient) return t("clientsTurn");
    if (!status?.waitingOn) return "";
    return status.waitingOn.agency === person.agency ? <strong>{t("yourTurn")}</strong>
      : t("othersTurn", { who: agency(status.waitingOn.agency) });
  };
  const row = { className: "row", "data-subject": item.subject };
  const said = (
    <>
      <span className="what"><strong>{word(kind)}</strong>{item.about.length > 0 && <> · {item.about.map(word).join(", ")}</>}</span>
      <span className="quiet id">{item.clientId ? t("clientId", { id: shortId(item.clientId) }) : t("noClient")}</span>
      <span className="state">
        <PhaseMark status={status} />
        <span>{turn()}{item.onDuty && <span className="quiet"> {t("onDuty")}</span>}</span>
        <Marks status={status} urgency={item.urgency} />
      </span>
    </>
  );
  // The router marks the link of the open matter with aria-current. An override that waits for a second officer is decided on the
  // client's page.
  return isOverride(item.subject) ? <Link to="/client" search={{ id: item.clientId }} {...row}>{said}</Link>
    : <Link to={`/${list}/$kind/$id`} params={{ kind, id: idOf(item.subject) }} search={(before) => before} {...row}>{said}</Link>;
}
