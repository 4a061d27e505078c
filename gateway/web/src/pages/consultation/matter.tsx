import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService, ConsultationState, type Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { moment } from "../../ui/dates";
import { isolated } from "../../ui/direction";
import { idOf, kindOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { AskedTimeline } from "../../ui/timeline/asked";
import texts from "../../texts/consultation.json";
import { Actions } from "../matter/actions";
import { MatterFrame } from "../matter/frame";
import { ReadInEmergency } from "../matter/readinemergency";
import { Tombstone } from "../matter/tombstone";
import { useMatter } from "../matter/usematter";
import { isWithdrawn, Withdrawn } from "../matter/withdrawn";
import { Asked, openQuestions } from "./asked";
import { Compose } from "./compose";
import { useContinuations } from "./continuations";
import { useFollowed } from "./followed";
import { Message } from "./message";
import { Messages } from "./messages";
import { Presence, useAbsent } from "./presence";
import { Side } from "./side";
import { consultationSteps } from "./steps";
import { useFollow } from "./usefollow";
import "./consultation.css";

addTexts("consultation", texts);

// ConsultationMatter shows a consultation.
export function ConsultationMatter({ id }: { id: string }) {
  const shell = useTexts("shell");
  const { data, error, changed } = useMatter(`consultations/${id}`, ConsultationService.method.getConsultation, { consultationId: id });
  const consultation = data?.consultation;
  if (error && !consultation) return <Problem error={error} />;
  if (!consultation) return <p className="quiet">{shell("loading")}</p>;
  return <Open consultation={consultation} contacts={data.contacts} changed={changed} />;
}

const isOver = ({ state }: Consultation) => state >= ConsultationState.CLOSED;

function Open({ consultation, contacts, changed }: { consultation: Consultation; contacts: ContactPoint[]; changed: () => void }) {
  const t = useTexts("consultation"), word = useWords(), person = usePerson();
  const { consultationId: id, caseId, state, topic, status, urgency, availableActions, etag, messages, revocation } = consultation;
  const over = isOver(consultation), conversation = useFollow(id, messages, over), subject = `consultations/${id}`;
  const absent = useAbsent(consultation, conversation);
  const followed = useFollowed(consultation, availableActions.includes("CloseConsultation"));
  const begin = useContinuations(subject, consultation), field = useRef<HTMLTextAreaElement>(null);
  const [question, ...rest] = conversation.messages;
  // Entered in error, or sent on a consent that was withdrawn: the content is gone.
  const emptied = revocation !== undefined || !consultation.asker;
  const mayWrite = availableActions.includes("PostMessage"), asks = consultation.asker?.agency === person.agency;
  // After taking it, the worker continues in the message field.
  const continues = useRef(false), stepped = () => { continues.current = !mayWrite; changed(); };
  useEffect(() => {
    if (mayWrite && continues.current) field.current?.focus();
    if (mayWrite) continues.current = false;
  }, [mayWrite]);
  const open = openQuestions(consultation, conversation.messages), asked = asks && open.length > 0;
  // What waits for the asker is first, with the field below it. With the reply the field moves to the
  // end of the conversation, and the focus with it.
  const replied = useRef(false);
  useEffect(() => {
    if (replied.current) field.current?.focus();
    replied.current = false;
  }, [asked]);
  // An answered question is with its asker, who ends the consultation. Until then writing is primary,
  // for whoever may write.
  const ends = asks && state === ConsultationState.ANSWERED && !asked;
  const said = [
    <Messages key="messages" messages={rest} subject={subject} />, !over && <Typing key="typing" typing={conversation.typing} />,
  ];
  const compose = mayWrite && <Compose key="compose" id={id} field={field} anonymous={consultation.clientId === ""} mayAnswer={!asks}
    asked={asked} ends={ends} posted={(message) => { replied.current = asked; conversation.add(message); changed(); }} />;
  return (
    <MatterFrame title={[word("consultations"), isolated(topic)].filter(Boolean).join(": ")} number={consultation.matterNumber}
      summary={<Summary consultation={consultation} />} status={status} urgency={urgency} sender={consultation.asker}
      mistaken={<><Tombstone revocation={revocation} />{isWithdrawn(status) && <Withdrawn subject={subject} caseId={caseId} />}</>}
      actions={<>
        <ReadInEmergency matter={consultation} />
        <Actions matter={consultation} naming={{ consultationId: id }} etag={etag} service={ConsultationService}
          available={availableActions} steps={consultationSteps(person, followed)} elsewhere={["PostMessage"]} changed={stepped}
          yields={mayWrite && !ends} more={emptied ? [] : [begin]} />
      </>}
      said={!emptied && question && <div className="question"><h3 id="question">{t("question")}</h3><Message message={question}
        subject={subject} mine={question.from?.agency === person.agency && question.from.worker === person.worker} /></div>}
      side={<Side consultation={consultation} contacts={contacts} absent={over ? [] : absent} />}>
      {!emptied && (
        <section className="conversation" aria-labelledby="conversation">
          <div className="conversation-head">
            <h3 id="conversation">{t("conversation")}</h3>
            {!over && <Presence conversation={conversation} />}
          </div>
          {asked && mayWrite ? [<Asked key="asked" questions={open} />, compose, ...said] : [...said, compose]}
          {!mayWrite && !over && availableActions.includes("TakeConsultation") && <p className="quiet">{t("takeFirst")}</p>}
        </section>
      )}
      {!emptied && caseId && <AskedTimeline id="consultation-course" of={{ caseId }} subject={subject} heading="h3"
        said={conversation.messages.map(({ text }) => text)} />}
    </MatterFrame>
  );
}

// Summary is one sentence: who is responsible, and whose turn it is.
function Summary({ consultation }: { consultation: Consultation }) {
  const t = useTexts("consultation"), name = usePartyName(), person = usePerson();
  const { state, addressee, takenBy, asker, status, ledTo } = consultation;
  const since = dateOf(status?.since), date = since ? moment(since) : "";
  // The taker's urgent limit may be the earlier one: then it is still the taker's turn.
  const question = openQuestions(consultation, consultation.messages)[0], at = dateOf(question?.at);
  if (question && status?.waitingOn?.agency === asker?.agency) {
    const me = asker?.agency === person.agency && asker.worker === person.worker;
    return t(me ? "summary_asked_me" : "summary_asked", { date: at ? moment(at) : "", who: name(asker) });
  }
  switch (state) {
    case ConsultationState.OPEN: return t("summary_open", { who: name(addressee) });
    case ConsultationState.TAKEN: return t("summary_taken", { who: name(takenBy ?? addressee) });
    case ConsultationState.ANSWERED: return t("summary_answered", { date, who: name(asker) });
    case ConsultationState.CLOSED: return <>{t("summary_closed", { date })} {ledTo && <LedTo subject={ledTo} />}</>;
    default: return null;
  }
}

function LedTo({ subject }: { subject: string }) {
  const t = useTexts("consultation"), word = useWords();
  return <>{t("ledTo")} <Link to="/work/$kind/$id" params={{
    kind: kindOf(subject), id: idOf(subject),
  }} search={{ show: undefined, queue: undefined }}>{word(kindOf(subject))}</Link>.</>;
}

function Typing({ typing }: { typing: Party[] }) {
  const t = useTexts("consultation"), name = usePartyName();
  return <p className="typing quiet" data-typing={typing.length}>
    {typing.length > 0 && t("typing", { count: typing.length, who: typing.map((party) => name(party, true)).join(", ") })}
  </p>;
}
