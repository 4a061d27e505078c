import { useTexts } from "../../app/language";
import { Timeline } from "../../ui/timeline/timeline";
import { Beginnings } from "./beginnings";

interface Props {
  subject: string;
  caseId: string;
  // The subject, in its sender's words.
  said: string;
  saidLabel: "description" | "referralReason";
  // The outcome, with its details.
  ended: string;
  endedSaid: string;
}

// Course shows a matter's content, its outcome, its timeline, and what can be begun from it.
export function Course({ subject, caseId, said, saidLabel, ended, endedSaid }: Props) {
  const t = useTexts("matter");
  return (
    <>
      {said && (
        <section aria-labelledby="matter-said"><h3 id="matter-said">{t(saidLabel)}</h3><blockquote dir="auto">{said}</blockquote></section>
      )}
      {ended && <section aria-labelledby="matter-ended">
        <h3 id="matter-ended">{t("outcome")}: {ended}</h3>
        {endedSaid && <blockquote dir="auto">{endedSaid}</blockquote>}
      </section>}
      {caseId && <section aria-labelledby="matter-course">
        <h3 id="matter-course">{t("course")}</h3>
        <Timeline of={{ caseId }} subject={subject} />
      </section>}
      <Beginnings subject={subject} />
    </>
  );
}
