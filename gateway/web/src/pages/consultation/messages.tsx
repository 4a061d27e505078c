import { Fragment, useEffect, useLayoutEffect, useRef, useState } from "react";

import type { ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { day } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { Message } from "./message";

// Within this distance from the end the view follows new messages.
const nearEnd = 48;

// Messages shows the messages after the question, by day. A reader at the end sees new ones at
// once, and they are announced; for a reader further up the text does not move.
export function Messages({ messages, subject }: { messages: ConsultationMessage[]; subject: string }) {
  const t = useTexts("consultation"), person = usePerson(), name = usePartyName();
  const frame = useRef<HTMLDivElement>(null), atEnd = useRef(true), [unseen, setUnseen] = useState(0), [said, say] = useState("");
  const shown = useRef(messages.length), top = useRef(0), last = messages.at(-1);
  const isMine = (message: ConsultationMessage) => message.from?.agency === person.agency && message.from.worker === person.worker;
  const toEnd = () => { if (frame.current) frame.current.scrollTop = frame.current.scrollHeight; };

  // With a message the field may have changed its place, which moves the frame and takes its position.
  useLayoutEffect(() => {
    if (atEnd.current || (last && isMine(last))) toEnd();
    else frame.current!.scrollTop = top.current;
  }, [last?.messageId]);
  useEffect(() => {
    const come = messages.slice(shown.current).filter((message) => !isMine(message));
    shown.current = messages.length;
    const latest = come.at(-1);
    if (!latest) return;
    say(t("arrived", { who: name(latest.from, true), text: latest.text }));
    if (!atEnd.current) setUnseen((before) => before + come.length);
  }, [messages.length]);
  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = frame.current!;
    top.current = scrollTop;
    atEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
    if (atEnd.current) setUnseen(0);
  };

  let before = "", from = "";
  return (
    <div className="messages-frame">
      <div className="messages" ref={frame} onScroll={scrolled} tabIndex={0} role="region" aria-label={t("messages")}>
        {messages.length === 0 && <p className="quiet">{t("noMessages")}</p>}
        <ol>
          {messages.map((message) => {
            const at = dateOf(message.at), date = at ? day(at) : "", begins = date !== before;
            const by = `${message.from?.agency} ${message.from?.worker}`, again = by === from && !begins;
            before = date;
            from = by;
            return (
              <Fragment key={message.messageId}>
                {begins && <li className="day quiet">{date}</li>}
                <li><Message message={message} subject={subject} mine={isMine(message)} again={again} /></li>
              </Fragment>
            );
          })}
        </ol>
      </div>
      {unseen > 0 && <button type="button" className="unseen" onClick={() => { toEnd(); frame.current?.focus(); }}>
        ↓ {t("unseen", { count: unseen })}
      </button>}
      <p className="hidden" role="status">{said}</p>
    </div>
  );
}
