import { useTexts } from "../../app/language";
import { day, limit } from "../../ui/dates";
import { expectationOf } from "./expectation";
import { HearingBack } from "./hearing";
import { useNames } from "./names";
import type { OwnMatter } from "./ownmatter";

// MatterCard is what there is to know of one matter: its state, how it began, who is responsible, and
// what was told. What is expected is said here only if the situation does not say it.
export function MatterCard({ matter, level: Heading, lead }: { matter: OwnMatter; level: "h3" | "h4"; lead?: boolean }) {
  const t = useTexts("own"), names = useNames(), id = `own-${matter.subject.replace("/", "-")}`, { said } = matter;
  const who = names.full(matter.responsible);
  return (
    <article className="card" aria-labelledby={id} data-subject={matter.subject}>
      <Heading id={id} className="kind">{matter.title}</Heading>
      <p className="headline" data-summary>{matter.summary}</p>
      {!lead && !matter.ended && matter.status && <p>{expectationOf(matter, { t })}</p>}
      {matter.means.map((note) => <p key={note}>{note}</p>)}
      {matter.ended && <p className="quiet">{t("endedOn", { date: day(matter.ended) })}</p>}
      {matter.appointments.map(({ at, place, who }, index) => <p key={index}>
        {who ? t("planned", { who, date: limit(at) })
          : <><strong>{t("appointment")}:</strong> {[limit(at), place].filter(Boolean).join(", ")}</>}
      </p>)}
      {matter.law && <p>{matter.law}</p>}
      {who && <dl><dt>{t("holder")}</dt><dd dir="auto">{who}</dd></dl>}
      {matter.hearing && <HearingBack hearing={matter.hearing} />}
      {matter.notes.map((note) => <p key={note}>{note}</p>)}
      {said && (said.text || said.topics.length > 0) && (
        <>
          <p className="quiet">{t("said")}</p>
          {said.topics.length > 0 && <p>{t("saidTopics")}: {said.topics.join(", ")}</p>}
          {said.text && <blockquote dir="auto">{said.text}</blockquote>}
        </>
      )}
    </article>
  );
}
