import { Link, useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useWords } from "../app/language";
import { idOf, kindOf, shortId } from "./names";

const lists = ["work", "sent", "consultations", "plans"];

// MatterLink opens a matter beside the open list, or beside the worklist.
export function MatterLink({ subject, children }: { subject: string; children?: ReactNode }) {
  const word = useWords();
  const list = useRouterState({ select: (state) => lists.find((one) => one === state.location.pathname.split("/")[1]) ?? "work" });
  return <Link to={`/${list}/$kind/$id` as "/work/$kind/$id"} params={{ kind: kindOf(subject), id: idOf(subject) }} search={(before) =>
    before} data-link={subject}>{children ?? <>{word(kindOf(subject))} <span className="quiet">{shortId(idOf(subject))}</span></>}</Link>;
}
