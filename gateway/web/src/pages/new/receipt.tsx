import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Button } from "suomifi-ui-components";

import type { LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import { distance, limit } from "../../ui/dates";
import { idOf, kindOf, type Kind } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Emergency } from "./emergency";

// Sent is what the receipt tells of a matter that was sent.
export interface Sent {
  subject: string;
  // The number that people say on the telephone, equal for all parties.
  number?: string;
  status?: LoopStatus;
  // What the sender will learn: a key of the page's texts.
  after: string;
  // An emergency: the receipt says whom to ring besides.
  emergency?: boolean;
}

const listOf: Record<Kind, "sent" | "consultations" | "plans"> = {
  concerns: "sent", referrals: "sent", consultations: "consultations", plans: "plans",
};

// Receipt tells that the matter was sent: its number, the next time that will be kept, and what the
// sender will learn.
export function Receipt({ sent: { subject, number, status, after, emergency } }: { sent: Sent }) {
  const t = useTexts("new"), shell = useTexts("shell"), party = usePartyName(), now = useNow(), navigate = useNavigate();
  const kind = kindOf(subject), heading = useRef<HTMLHeadingElement>(null), due = dateOf(status?.dueAt), own = kind === "plans";
  const left = due && distance(due, now);
  const path = { to: `/${listOf[kind]}/$kind/$id`, params: { kind, id: idOf(subject) }, search: {} } as const;
  useTitle(t(`sent_${kind}`));
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="receipt" data-receipt={subject} aria-labelledby="receipt-title">
      <h1 id="receipt-title" ref={heading} tabIndex={-1}><span aria-hidden="true" className="shape">✓</span>{t(`sent_${kind}`)}</h1>
      <dl>
        {number && <div><dt>{t("number")}</dt><dd><strong className="number" translate="no" data-number>{number}</strong></dd></div>}
        {!own && status?.waitingOn && <div><dt>{t("previewTo")}</dt><dd>{party(status.waitingOn)}</dd></div>}
        {due && <div><dt>{t(`next_${kind}`)}</dt><dd>
          <time dateTime={due.toISOString()} data-next-time><strong>{limit(due)}</strong></time>
          {left && left.key === "in_days" && <span className="quiet"> ({shell("working_days", { count: left.count })})</span>}
        </dd></div>}
      </dl>
      {emergency && <Emergency party={status?.waitingOn} sought={{}} />}
      <h2>{t("previewAfter")}</h2>
      <p>{t(after)}</p>
      <div className="buttons">
        {own ? <Button onClick={() => void navigate(path)} data-open>{t(`open_${kind}`)}</Button>
          : <Button onClick={() => void navigate({ to: "/work", search: {} })} data-home>{t("toWork")}</Button>}
        {own ? <Button variant="secondary" onClick={() => void navigate({ to: "/work", search: {} })} data-home>{t("toWork")}</Button>
          : <Button variant="secondary" onClick={() => void navigate(path)} data-open>{t(`open_${kind}`)}</Button>}
      </div>
    </section>
  );
}
