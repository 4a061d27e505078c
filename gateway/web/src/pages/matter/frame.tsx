import { Link, useParams, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";

import type { LoopStatus, Party, Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { Marks } from "../../ui/marks";
import { PhaseLine } from "./phaseline";

interface Props {
  title: string;
  // One sentence that describes the state.
  summary: ReactNode;
  status?: LoopStatus;
  urgency?: Urgency;
  // Who sent it; a plan has no sender.
  sender?: Party;
  // A matter entered in error is a tombstone, and says so first.
  mistaken?: ReactNode;
  actions: ReactNode;
  side: ReactNode;
  children: ReactNode;
}

// MatterFrame is the layout of every matter: its state, the available steps, its timeline, and at
// its side the client and related matters.
export function MatterFrame({ title, summary, status, urgency, sender, mistaken, actions, side, children }: Props) {
  const t = useTexts("matter"), shell = useTexts("shell"), person = usePerson(), heading = useRef<HTMLHeadingElement>(null);
  const { id } = useParams({ strict: false });
  const list = useRouterState({ select: (state) => state.location.pathname.split("/")[1] ?? "work" });
  // The focus is on the heading after opening.
  useEffect(() => heading.current?.focus(), [id]);
  return (
    <article aria-labelledby="matter-title" className="matter" data-matter={id}>
      {/* On a narrow screen the list, which has the page's first heading, is not shown. */}
      <h1 className="hidden narrow-only">{shell(list)}</h1>
      <Link to={`/${list}` as "/work"} search={(before) => before} className="back">← {t("back")}</Link>
      <h2 id="matter-title" tabIndex={-1} ref={heading}>{title}</h2>
      {mistaken}
      <p className="summary-line" data-summary>{summary}</p>
      <p className="marks"><Marks status={status} urgency={urgency} label={t("due")} whole /></p>
      <PhaseLine status={status} received={sender !== undefined && sender.agency !== person.agency} />
      {actions}
      <div className="columns"><div className="course">{children}</div><aside aria-label={t("aside")}>{side}</aside></div>
    </article>
  );
}
