import { Link } from "@tanstack/react-router";

import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { clock, day, limit } from "../../ui/dates";
import { kindOf } from "../../ui/names";
import { Happened } from "./happened";
import { useNames } from "./names";
import type { Told } from "./told";

// MatterCard is one matter: its state, what comes next and when, who is responsible, and whom to
// ask if nothing happens.
export function MatterCard({ told }: { told: Told }) {
  const t = useTexts("own"), names = useNames(), id = `own-${told.subject.replace("/", "-")}`;
  const who = names.full(told.responsible);
  const silence = told.late ? t("lateAsk") : told.due ? t("silenceBy", { date: limit(told.due) }) : t("silenceAny");
  return (
    <article className="card" aria-labelledby={id} data-subject={told.subject}>
      <h4 id={id}>{told.title}</h4>
      <p className="stands" data-standing>{told.standing}</p>
      {told.urgent && <p className="urgent-now" data-urgent>{told.urgent}</p>}
      {told.means.map((note) => <p key={note}>{note}</p>)}
      {told.ended && <p className="quiet">{t("endedOn", { date: day(told.ended) })}</p>}
      {told.appointments.map(({ at, place }) => <p key={at.getTime()} className="date">
        <strong>{t("appointment")}:</strong>{" "}
        {t("appointmentAt", { date: day(at), time: clock(at) })}
        {place && `, ${place}`}
      </p>)}
      {told.planned.map(({ by, at }, index) => <p key={index}>{t("planned", { who: names.full(by), date: limit(dateOf(at)!) })}</p>)}
      <dl>
        {told.next && <><dt>{t("next")}</dt><dd dir="auto">{told.next} {told.late && t("late")}</dd></>}
        {who && <><dt>{t("holder")}</dt><dd dir="auto">{who}. {!told.quiet && !told.urgent && silence}</dd></>}
      </dl>
      {told.notes.map((note) => <p key={note}>{note}</p>)}
      {kindOf(told.subject) === "plans" && !told.ended && <p><Link to="/own" search={{ show: "plan" }}>{t("plan_open")}</Link></p>}
      {told.said && (told.said.text || told.said.topics.length > 0) && (
        <details>
          <summary>{t("said")}</summary>
          {told.said.topics.length > 0 && <p>{t("saidTopics")}: {told.said.topics.join(", ")}</p>}
          {told.said.text && <blockquote dir="auto">{told.said.text}</blockquote>}
        </details>
      )}
      <Happened subject={told.subject} />
    </article>
  );
}
