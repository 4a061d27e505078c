import { LoadingSpinner } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Problem } from "../../ui/problem";
import { Again } from "./again";
import { MatterCard } from "./card";
import { Mistake } from "./mistake";
import { useOwn } from "./reading";
import type { OwnMatter } from "./ownmatter";

// Matters lists open matters, ended ones with their outcome, and those entered in error.
export function Matters() {
  const t = useTexts("own"), shell = useTexts("shell"), { matters, loading, error, readAt, again } = useOwn();
  if (loading && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  const mistakes = matters.filter(({ mistake }) => mistake), ended = matters.filter((one) => one.ended && !one.mistake);
  const open = matters.filter((one) => !one.ended);
  return (
    <>
      <Problem error={error} />
      <Again readAt={readAt} again={again} />
      {matters.length === 0 && !error && <p>{t("noneAtAll")}</p>}
      {matters.length > 0 && <Part name="open" title={t("open")} matters={open} none={t("noneOpen")} />}
      {ended.length > 0 && <Part name="ended" title={t("ended")} matters={ended.sort((a, b) => b.ended!.getTime() - a.ended!.getTime())} />}
      {mistakes.length > 0 && (
        <section className="own-part" aria-labelledby="own-mistakes">
          <h3 id="own-mistakes">{t("mistakes")}</h3>
          <ul className="cards">{mistakes.map((one) => <li key={one.subject}><Mistake matter={one} /></li>)}</ul>
        </section>
      )}
      <p className="quiet">{t("emergency")}</p>
    </>
  );
}

function Part({ name, title, matters, none }: { name: string; title: string; matters: OwnMatter[]; none?: string }) {
  return (
    <section className="own-part" aria-labelledby={`own-${name}`} data-part={name}>
      <h3 id={`own-${name}`}>{title}</h3>
      {matters.length === 0 && <p>{none}</p>}
      <ul className="cards">{matters.map((one) => <li key={one.subject}><MatterCard matter={one} /></li>)}</ul>
    </section>
  );
}
