import { useTexts } from "../../app/language";
import { Timeline } from "../../ui/timeline/timeline";

// Said is a matter's content, in its sender's words.
export function Said({ said, label }: { said: string; label: "description" | "referralReason" }) {
  const t = useTexts("matter");
  return <section aria-labelledby="matter-said"><h3 id="matter-said">{t(label)}</h3><blockquote dir="auto">{said}</blockquote></section>;
}

interface Props {
  subject: string;
  caseId: string;
  // What the page says elsewhere: the timeline does not repeat it.
  said: string[];
  // The outcome, with its details.
  ended: string;
  endedSaid: string;
}

// Course shows a matter's outcome and its timeline.
export function Course({ subject, caseId, said, ended, endedSaid }: Props) {
  const t = useTexts("matter");
  return (
    <>
      {ended && <section aria-labelledby="matter-ended">
        <h3 id="matter-ended">{t("outcome")}: {ended}</h3>
        {endedSaid && <blockquote dir="auto">{endedSaid}</blockquote>}
      </section>}
      {caseId && <section aria-labelledby="matter-course">
        <h3 id="matter-course">{t("course")}</h3>
        <Timeline of={{ caseId }} subject={subject} said={[...said, ended && endedSaid]} />
      </section>}
    </>
  );
}
