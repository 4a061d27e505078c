import type { ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { clock, moment } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { Attachments } from "./attachments";

interface Props {
  message: ConsultationMessage;
  subject: string;
  mine: boolean;
  // The previous message is from the same worker: the unit is not repeated.
  again?: boolean;
}

// Message is one message: who, when, what; an answer is marked, and so is a question to the asker.
export function Message({ message, subject, mine, again }: Props) {
  const t = useTexts("consultation"), name = usePartyName(), at = dateOf(message.at);
  const kind = ["message", mine && "mine", message.answers && "answer", message.asks && "asks"].filter(Boolean).join(" ");
  return (
    <div className={kind} data-message={message.messageId}>
      <p className="by"><strong>{mine ? t("me") : name(message.from, again)}</strong> {at && (
        <time className="quiet" dateTime={at.toISOString()} title={moment(at)}>{clock(at)}</time>
      )}</p>
      {message.answers && <p className="answers"><span aria-hidden="true" className="shape">✓</span>{t("isAnswer")}</p>}
      {message.asks && <p className="answers"><span aria-hidden="true" className="shape">?</span>{t("isQuestion")}</p>}
      <p className="said" dir="auto">{message.text}</p>
      <Attachments attachments={message.attachments} subject={subject} />
    </div>
  );
}
