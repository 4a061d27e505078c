import { createClient } from "@connectrpc/connect";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import {
  EmergencyReasonSchema, ReviewEmergencyReadingRequestSchema, ReviewVerdict, ReviewVerdictSchema, type EmergencyReading,
} from "koppi-contract/koppi/casework/v1/people_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import { dayKey, moment } from "../../ui/dates";
import { text, type Field } from "../../ui/form/fields";
import { StepButton } from "../../ui/form/step";
import { nameOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { workingDaysBetween } from "../../ui/workingdays";

// A reading is to be reviewed within so many working days.
const promised = 5;

// done is given if the user may review the reading.
interface Props { reading: EmergencyReading; own: boolean; now: Date; done?: () => void }

// Reading is one reading in an emergency: who read, when and why, how many matters, and what its review said.
export function Reading({ reading, own, now, done }: Props) {
  const t = useTexts("reviews"), word = useWords(), party = usePartyName();
  const opened = dateOf(reading.openedAt)!, until = dateOf(reading.until), reviewed = dateOf(reading.reviewedAt);
  const late = !reviewed && (workingDaysBetween(dayKey(opened), dayKey(now)) ?? 0) > promised;
  const who = party(reading.by), open = until !== undefined && until > now;
  return (
    <li data-reading={reading.emergencyReadingId}>
      <p className="reading-who">
        {!own && <strong>{who}</strong>}
        <time dateTime={opened.toISOString()} className={own ? undefined : "quiet"}>{moment(opened)}</time>
        {late && <strong className="late"><span aria-hidden="true" className="shape">▲</span>{t("late")}</strong>}
      </p>
      <p>
        <strong>{word(nameOf(EmergencyReasonSchema, reading.reason))}</strong>{" "}
        <span className="quiet">
          {t("matters", { count: reading.mattersRead })}{open && `, ${t("openUntil", { time: moment(until) })}`}
        </span>
      </p>
      <blockquote dir="auto">{reading.explanation}</blockquote>
      {reviewed && (
        <div data-verdict={nameOf(ReviewVerdictSchema, reading.verdict)}>
          <p><Verdict verdict={reading.verdict} /> <span className="quiet">
            {t("reviewedBy", { who: party(reading.reviewedBy, true), time: moment(reviewed) })}
          </span></p>
          {reading.note && <blockquote dir="auto">{reading.note}</blockquote>}
        </div>
      )}
      {!reviewed && !done && <p className="quiet">{t("notReviewed")}</p>}
      {done && <div className="buttons">
        <Review {...{ reading, done, who }} verdict={ReviewVerdict.JUSTIFIED} />
        <Review {...{ reading, done, who }} verdict={ReviewVerdict.NOT_JUSTIFIED} />
      </div>}
    </li>
  );
}

// Verdict says by shape and text what the review found.
function Verdict({ verdict }: { verdict: ReviewVerdict }) {
  const word = useWords(), good = verdict === ReviewVerdict.JUSTIFIED;
  return (
    <strong className={good ? "good" : "late"}>
      <span aria-hidden="true" className="shape">{good ? "✓" : "✕"}</span>{word(nameOf(ReviewVerdictSchema, verdict))}
    </strong>
  );
}

interface ReviewProps { reading: EmergencyReading; verdict: ReviewVerdict; who: string; done: () => void }

// Review is one of the two answers. A reading is reviewed once.
function Review({ reading: { emergencyReadingId }, verdict, who, done }: ReviewProps) {
  const t = useTexts("reviews"), good = verdict === ReviewVerdict.JUSTIFIED;
  const fields: Field[] = [
    { kind: "note", name: "then", label: "note", text: good ? "justifiedThen" : "notJustifiedThen" },
    {
      kind: "area", name: "note", label: good ? "note" : "whyNot", hint: "noteHint", required: !good, missing: "missingNote",
    },
  ];
  return (
    <StepButton name={good ? "Justified" : "NotJustified"} of={emergencyReadingId} label={t(good ? "justified" : "notJustified")}
      about={who} sendLabel={t(good ? "sayJustified" : "sayNotJustified")} texts="reviews"
      schema={ReviewEmergencyReadingRequestSchema} fields={fields}
      make={(values, requestId) => ({ requestId, emergencyReadingId, verdict, note: text(values, "note") })}
      send={(request) => createClient(CaseworkService, transport).reviewEmergencyReading(request)} done={done} />
  );
}
