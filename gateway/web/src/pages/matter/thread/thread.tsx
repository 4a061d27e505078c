import { useContext, useEffect, useRef, useState } from "react";
import { Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

import { AnswerCode } from "koppi-contract/koppi/common/v1/answer_code_pb";
import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { dateOf } from "../../../app/clock";
import { useTexts, useWords } from "../../../app/language";
import { usePrinting } from "../../../app/printing";
import { usePerson } from "../../../app/session";
import { Attachments } from "../../../ui/attachments";
import { Contact } from "../../../ui/contact";
import { limit, spokenDay } from "../../../ui/dates";
import { nameOf } from "../../../ui/names";
import { usePapers } from "../../../ui/papers";
import { useDirectory, usePartyName } from "../../../ui/party";
import { StepPlace } from "../stepplace";
import { AnswerForm, CallUs, NoLongerNeeded } from "./answer";
import { isAnswered, isOwn, receives, type Addition, type Request, type Talk } from "./talk";
import "./thread.css";

// One entry of the thread: a request with its answer, or an addition.
type Entry = { at: number; key: string } & ({ request: Request; addition?: undefined } | { request?: undefined; addition: Addition });

const timeOf = (at: Parameters<typeof dateOf>[0]) => dateOf(at)?.getTime() ?? 0;

const entriesOf = ({ requests, additions }: Talk): Entry[] => [
  ...requests.map((request): Entry => ({ at: timeOf(request.askedAt), key: request.informationRequestId, request })),
  ...additions.map((addition): Entry => ({ at: timeOf(addition.at), key: addition.additionId, addition })),
].sort((a, b) => a.at - b.at);

interface Props { talk: Talk; changed: (answer: unknown) => void }

// Thread is what the two sides of a matter asked, answered and added, the earliest first. What waits for the
// reader's side is open, with the form of its answer; what was answered folds.
export function Thread({ talk, changed }: Props) {
  const t = useTexts("thread"), [sent, setSent] = useState<{ key: string }>(), said = useRef<HTMLParagraphElement>(null);
  const entries = entriesOf(talk);
  useEffect(() => { if (sent) said.current?.focus(); }, [sent]);
  const done = (answer: unknown, key: string) => {
    changed(answer);
    setSent({ key });
  };
  if (!entries.length) return null;
  return (
    <section className="thread" aria-labelledby="matter-thread" data-thread>
      <h3 id="matter-thread">{t("title")}</h3>
      {sent && <p ref={said} tabIndex={-1} className="taken" data-answered>
        <span aria-hidden="true" className="shape">✓</span>{t(sent.key)}
      </p>}
      <ol>{entries.map(({ key, request, addition }) => (
        <li key={key} data-entry={key}>
          {addition ? <Added talk={talk} addition={addition} />
            : isAnswered(request) ? <Answered talk={talk} request={request} last={key === entries.at(-1)!.key} />
              : <Waiting talk={talk} request={request} done={done} />}
        </li>
      ))}</ol>
    </section>
  );
}

// useSide returns a function that names who asked or added, as people say it.
function useSide() {
  const { shortAgency } = useDirectory();
  return (by: { agency: string } | undefined) => shortAgency(by?.agency ?? "");
}

// Asked is what was asked: the question, and the documents by name.
function Asked({ request: { question, papers } }: { request: Request }) {
  const t = useTexts("thread"), { names } = usePapers();
  return (
    <>
      {question && <blockquote dir="auto">{question}</blockquote>}
      {papers.length > 0 && <p><span className="quiet">{t("papers")}:</span> <span dir="auto" data-papers>{names(papers)}</span></p>}
    </>
  );
}

interface OfRequest { talk: Talk; request: Request }

// Waiting is a request without an answer: with the form of the answer for the side that was asked.
function Waiting({ talk, request, done }: OfRequest & { done: (answer: unknown, key: string) => void }) {
  const t = useTexts("thread"), person = usePerson(), side = useSide(), party = usePartyName(), { chosen } = useContext(StepPlace);
  const own = isOwn(talk, request, person.agency), due = dateOf(request.dueAt), asked = dateOf(request.askedAt), { lapsed } = request;
  const values = { who: side(request.by), due: due && limit(due), day: asked && spokenDay(asked) };
  const can = talk.available.includes("ProvideInformation"), silent = receives(talk, person.agency) && !talk.hears;
  return (
    <div className={can && !own ? "thread-entry waits" : "thread-entry"} data-waits={own ? "other" : "own"}
      data-lapsed={lapsed || undefined}>
      <h4>{t(own ? "ownAsked" : "asked", values)}</h4>
      {request.by?.worker && <p className="quiet">{party(request.by)}</p>}
      <p className={lapsed ? "late" : undefined} data-due>
        {lapsed && <span aria-hidden="true" className="shape">!</span>}
        {lapsed ? t(own ? "lapsedOwn" : "lapsed") : due && t(own ? "answerAwaited" : "answerUntil", values)}
      </p>
      <Asked request={request} />
      {can && own && <NoLongerNeeded {...{ talk, request, done }} />}
      {can && !own && silent && <><p className="note">{t("silentAnswer")}</p><CallUs {...{ talk, request, done }} /></>}
      {/* One form at a time. */}
      {can && !own && !silent && !chosen && <>
        <AnswerForm {...{ talk, request, done }} primary={!receives(talk, person.agency)} />
        <CallUs {...{ talk, request, done }} />
      </>}
    </div>
  );
}

// Answered folds to one line that says what became of the request. The latest answer of the other side is open.
function Answered({ talk, request, last }: OfRequest & { last: boolean }) {
  const t = useTexts("thread"), person = usePerson(), side = useSide(), party = usePartyName(), { names } = usePapers();
  const printing = usePrinting();
  const own = isOwn(talk, request, person.agency), [open, setOpen] = useState(own && last);
  const asked = dateOf(request.askedAt), answered = dateOf(request.answeredAt), { code, missing } = request;
  const values = {
    who: side(request.by), other: side(request.answeredBy), day: asked && spokenDay(asked), on: answered && spokenDay(answered),
  };
  const became = code === AnswerCode.CALL_US ? t("becameCall", values) : code === AnswerCode.NO_LONGER_NEEDED ? t("becameUnneeded")
    : missing.length ? t("becameMissing", { ...values, papers: names(missing) }) : t("becameAnswered", values);
  return (
    <Expander id={`thread-${request.informationRequestId}`} open={open || printing} onOpenChange={() => setOpen(!open)}
      className="thread-entry">
      <ExpanderTitleButton asHeading="h4" data-answered-request>
        {t(own ? "ownAsked" : "asked", values)} <span className="thread-became">{became}</span>
      </ExpanderTitleButton>
      <ExpanderContent>{(open || printing) && <>
        <Asked request={request} />
        {code !== AnswerCode.NO_LONGER_NEEDED && (
          <p className="quiet">{t("answeredBy", { who: party(request.answeredBy), day: values.on })}</p>
        )}
        {request.answer && <blockquote dir="auto">{request.answer}</blockquote>}
        {code === AnswerCode.CALL_US && own && <Contact contacts={talk.contacts} party={request.answeredBy} />}
        {request.attachments.length > 0 && <Attachments subject={talk.subject} attachments={request.attachments} />}
        {missing.length > 0 && <p data-missing>
          <span aria-hidden="true" className="shape">!</span>{t("missing", { papers: names(missing) })}
        </p>}
      </>}</ExpanderContent>
    </Expander>
  );
}

// Added is what one side added without being asked.
function Added({ talk, addition }: { talk: Talk; addition: Addition }) {
  const t = useTexts("thread"), word = useWords(), person = usePerson(), side = useSide(), party = usePartyName();
  const at = dateOf(addition.at), topics = "topics" in addition ? addition.topics : [], own = isOwn(talk, addition, person.agency);
  return (
    <div className="thread-entry" data-added>
      <h4>{t(own ? "ownAdded" : "addedBy", { who: side(addition.by), day: at && spokenDay(at) })}</h4>
      {addition.by?.worker && <p className="quiet">{party(addition.by)}</p>}
      {addition.text && <blockquote dir="auto">{addition.text}</blockquote>}
      {topics.length > 0 && (
        <p>{t("addedTopics", { topics: topics.map((topic) => word(nameOf(TopicSchema, topic))).join(", ") })}</p>
      )}
      {addition.urgency > 0 && (
        <p><strong>{t("becameUrgent", { urgency: word(nameOf(UrgencySchema, addition.urgency)) })}</strong></p>
      )}
      {addition.attachments.length > 0 && <Attachments subject={talk.subject} attachments={addition.attachments} />}
    </div>
  );
}
