import { LoadingSpinner } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Problem } from "../../ui/problem";
import { Again } from "./again";
import { MatterCard } from "./card";
import { Mistake } from "./mistake";
import { useOwn } from "./reading";
import type { Told } from "./told";

// Matters lists open matters, ended ones with their outcome, and those entered in error.
export function Matters() {
  const t = useTexts("own"), shell = useTexts("shell"), { told, loading, error, readAt, again } = useOwn();
  if (loading && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  const mistakes = told.filter(({ mistake }) => mistake), ended = told.filter((one) => one.ended && !one.mistake);
  const open = told.filter((one) => !one.ended);
  return (
    <>
      <Problem error={error} />
      <Again readAt={readAt} again={again} />
      {told.length === 0 && !error && <p>{t("noneAtAll")}</p>}
      {told.length > 0 && <Part name="open" title={t("open")} told={open} none={t("noneOpen")} />}
      {ended.length > 0 && <Part name="ended" title={t("ended")} told={ended.sort((a, b) => b.ended!.getTime() - a.ended!.getTime())} />}
      {mistakes.length > 0 && (
        <section className="own-part" aria-labelledby="own-mistakes">
          <h3 id="own-mistakes">{t("mistakes")}</h3>
          <ul className="cards">{mistakes.map((one) => <li key={one.subject}><Mistake told={one} /></li>)}</ul>
        </section>
      )}
      <p className="quiet">{t("emergency")}</p>
    </>
  );
}

function Part({ name, title, told, none }: { name: string; title: string; told: Told[]; none?: string }) {
  return (
    <section className="own-part" aria-labelledby={`own-${name}`} data-part={name}>
      <h3 id={`own-${name}`}>{title}</h3>
      {told.length === 0 && <p>{none}</p>}
      <ul className="cards">{told.map((one) => <li key={one.subject}><MatterCard told={one} /></li>)}</ul>
    </section>
  );
}
