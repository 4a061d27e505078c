import { Link, useParams, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import type { LoopStatus, Party, Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import { Marks } from "../../ui/marks";
import { PhaseLine } from "./phaseline";
import { StepPlace } from "./stepplace";

interface Props {
  title: string;
  // The number by which people name the matter on the telephone.
  number?: string;
  // One sentence that describes the state.
  summary: ReactNode;
  status?: LoopStatus;
  urgency?: Urgency;
  // Who sent it; a plan has no sender.
  sender?: Party;
  // Nobody has taken it yet, as far as the reader knows.
  untaken?: boolean;
  // The matter's own phases, if they are not those of every matter.
  phases?: ReactNode;
  // A matter entered in error is a tombstone, and says so first.
  mistaken?: ReactNode;
  actions: ReactNode;
  // What both sides asked, answered and added.
  thread?: ReactNode;
  // The text that the matter is about. The form of the chosen step is beside it, or below it where
  // there is no width.
  said?: ReactNode;
  side: ReactNode;
  children: ReactNode;
}

// MatterFrame is the layout of every matter: what it is and its state, the steps, its text with what
// happened, and at its side the form of the chosen step, the client and related matters.
export function MatterFrame({
  title, number, summary, status, urgency, sender, untaken, phases, mistaken, actions, thread, said, side, children,
}: Props) {
  const t = useTexts("matter"), shell = useTexts("shell"), person = usePerson(), heading = useRef<HTMLHeadingElement>(null);
  const { id, kind } = useParams({ strict: false }), word = useWords();
  useTitle(kind && [word(kind), number].filter(Boolean).join(" "), 1);
  const list = useRouterState({ select: (state) => state.location.pathname.split("/")[1] ?? "work" });
  const [place, setPlace] = useState<HTMLElement | null>(null), [step, setStep] = useState<{ chosen?: string; why?: string }>({});
  const choose = useCallback((chosen?: string, why?: string) => setStep({ chosen, why }), []);
  const stepPlace = useMemo(() => ({ place, ...step, choose }), [place, step]);
  // The focus is on the heading after opening.
  useEffect(() => heading.current?.focus(), [id]);
  return (
    <StepPlace value={stepPlace}>
      <article aria-labelledby="matter-title" className="matter" data-matter={id}>
        {/* On a narrow screen the list, which has the page's first heading, is not shown. */}
        <h1 className="hidden narrow-only">{shell(list)}</h1>
        <Link to={`/${list}` as "/work"} search={(before) => before} className="back">← {t("back")}</Link>
        <div className="matter-head">
          <h2 id="matter-title" tabIndex={-1} ref={heading}>
            {title}{number && <> <span className="number" translate="no">{number}</span></>}
          </h2>
          {mistaken}
          <p className="summary-line" data-summary>{summary}</p>
          <div className="matter-state">
            {phases ?? <PhaseLine status={status} received={sender !== undefined && sender.agency !== person.agency}
              untaken={untaken} />}
            <p className="marks"><Marks status={status} urgency={urgency} label={t("due")} whole /></p>
          </div>
        </div>
        {actions}
        {thread}
        <div className="columns">
          {said && <div className="said">{said}</div>}
          <div className="step-place" ref={setPlace} />
          <div className="course">{children}</div>
          <aside aria-label={t("aside")}>{side}</aside>
        </div>
      </article>
    </StepPlace>
  );
}
