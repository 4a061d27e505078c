import { LoadingSpinner } from "suomifi-ui-components";

import { useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { Problem } from "../../ui/problem";
import { MatterCard } from "./card";
import { situationsOf } from "./expectation";
import { Fold } from "./fold";
import { Course } from "./happened";
import { Mistake } from "./mistake";
import type { Own } from "./reading";
import { SituationCard } from "./situation";

// Situations are the client's open matters by situation, the most pressing first.
export function Situations({ own: { matters, loading, error } }: { own: Own }) {
  const t = useTexts("own"), shell = useTexts("shell"), now = useNow(), situations = situationsOf(matters, now);
  if (loading && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  return (
    <>
      <Problem error={error} />
      {situations.length === 0 && !error && <p>{t(matters.length === 0 ? "noneAtAll" : "noneOpen")}</p>}
      {situations.map((one) => <SituationCard key={one.key} situation={one} />)}
    </>
  );
}

// Past are the matters that have ended and belong to no situation, with their outcome, and those
// entered in error.
export function Past({ own: { matters } }: { own: Own }) {
  const t = useTexts("own"), now = useNow(), shown = situationsOf(matters, now).flatMap((one) => one.matters);
  const mistakes = matters.filter(({ mistake }) => mistake);
  const ended = matters.filter((one) => one.ended && !one.mistake && !shown.includes(one))
    .sort((a, b) => b.ended!.getTime() - a.ended!.getTime());
  return (
    <>
      {ended.length > 0 && (
        <Fold name="ended" title={t("ended")} level="h2">
          <ul className="cards">{ended.map((one) => <li key={one.subject}><MatterCard matter={one} level="h3" /></li>)}</ul>
          <h3 className="after">{t("happened")}</h3>
          <Course subjects={ended.map(({ subject }) => subject)} />
        </Fold>
      )}
      {mistakes.length > 0 && (
        <Fold name="mistakes" title={t("mistakes")} level="h2">
          <ul className="cards">{mistakes.map((one) => <li key={one.subject}><Mistake matter={one} /></li>)}</ul>
        </Fold>
      )}
    </>
  );
}
