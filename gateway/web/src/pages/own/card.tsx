import { Link } from "@tanstack/react-router";

import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { clock, day, limit } from "../../ui/dates";
import { kindOf } from "../../ui/names";
import { Happened } from "./happened";
import { useNames } from "./names";
import type { OwnMatter } from "./ownmatter";

// MatterCard is one matter: its state, what comes next and when, who is responsible, and whom to
// ask if nothing happens.
export function MatterCard({ matter }: { matter: OwnMatter }) {
  const t = useTexts("own"), names = useNames(), id = `own-${matter.subject.replace("/", "-")}`;
  const who = names.full(matter.responsible);
  const silence = matter.late ? t("lateAsk") : matter.due ? t("silenceBy", { date: limit(matter.due) }) : t("silenceAny");
  return (
    <article className="card" aria-labelledby={id} data-subject={matter.subject}>
      <h4 id={id}>{matter.title}</h4>
      <p className="headline" data-summary>{matter.summary}</p>
      {matter.urgent && <p className="urgent-now" data-urgent>{matter.urgent}</p>}
      {matter.means.map((note) => <p key={note}>{note}</p>)}
      {matter.ended && <p className="quiet">{t("endedOn", { date: day(matter.ended) })}</p>}
      {matter.appointments.map(({ at, place }) => <p key={at.getTime()} className="date">
        <strong>{t("appointment")}:</strong>{" "}
        {t("appointmentAt", { date: day(at), time: clock(at) })}
        {place && `, ${place}`}
      </p>)}
      {matter.planned.map(({ by, at }, index) => <p key={index}>{t("planned", { who: names.full(by), date: limit(dateOf(at)!) })}</p>)}
      <dl>
        {matter.next && <><dt>{t("next")}</dt><dd dir="auto">{matter.next} {matter.late && t("late")}</dd></>}
        {who && <><dt>{t("holder")}</dt><dd dir="auto">{who}. {!matter.quiet && !matter.urgent && silence}</dd></>}
      </dl>
      {matter.notes.map((note) => <p key={note}>{note}</p>)}
      {kindOf(matter.subject) === "plans" && !matter.ended && <p><Link to="/own" search={{ show: "plan" }}>{t("plan_open")}</Link></p>}
      {matter.said && (matter.said.text || matter.said.topics.length > 0) && (
        <details>
          <summary>{t("said")}</summary>
          {matter.said.topics.length > 0 && <p>{t("saidTopics")}: {matter.said.topics.join(", ")}</p>}
          {matter.said.text && <blockquote dir="auto">{matter.said.text}</blockquote>}
        </details>
      )}
      <Happened subject={matter.subject} />
    </article>
  );
}
