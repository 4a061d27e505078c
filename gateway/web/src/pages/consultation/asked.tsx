import { ConsultationState, type Consultation, type ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { clock, moment } from "../../ui/dates";
import { usePartyName } from "../../ui/party";

// openQuestions are what the asker was asked and has not replied to. An answer ends them, as the
// service's rules say.
export function openQuestions({ asker, state }: Consultation, messages: ConsultationMessage[]): ConsultationMessage[] {
  if (state >= ConsultationState.CLOSED) return [];
  const closed = messages.findLastIndex(({ answers, from }) => answers || from?.agency === asker?.agency);
  return messages.slice(closed + 1).filter(({ asks }) => asks);
}

// Asked shows the asker what it is asked, above the field for the reply. The conversation has the same
// messages with their attachments.
export function Asked({ questions }: { questions: ConsultationMessage[] }) {
  const t = useTexts("consultation"), name = usePartyName();
  return (
    <section className="asked" aria-labelledby="asked" data-asked={questions.length}>
      <h4 id="asked"><span aria-hidden="true" className="shape">?</span>{t("asked")}</h4>
      {questions.map((question) => {
        const at = dateOf(question.at);
        return (
          <blockquote key={question.messageId}>
            <p className="by"><strong>{name(question.from)}</strong> {at && (
              <time className="quiet" dateTime={at.toISOString()} title={moment(at)}>{clock(at)}</time>
            )}</p>
            <p className="said" dir="auto">{question.text}</p>
          </blockquote>
        );
      })}
    </section>
  );
}
