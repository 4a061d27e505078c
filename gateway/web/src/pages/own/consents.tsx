import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { LoadingSpinner } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Problem } from "../../ui/problem";
import { Advance } from "./advance";
import { Again } from "./again";
import { Blocked } from "./blocked";
import { ConsentCard } from "./consentcard";
import { Prohibitions } from "./prohibitions";
import { useOwn } from "./reading";
import { Waiting } from "./waiting";
import { useDirectives } from "./directives";

// Consents shows the client's consents and prohibitions, and how to change them.
export function Consents() {
  const t = useTexts("own"), shell = useTexts("shell"), queries = useQueryClient();
  const { consents, directives, loading, error, readAt, again } = useDirectives(), { matters } = useOwn();
  const [said, say] = useState({ key: "", times: 0 }), place = useRef<HTMLParagraphElement>(null);
  // The result is announced, and takes the focus.
  useEffect(() => { if (said.key) place.current?.focus(); }, [said]);
  const done = (key: string) => {
    say(({ times }) => ({ key, times: times + 1 }));
    // The change may have ended matters.
    void queries.invalidateQueries();
  };
  if (loading && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  const inForce = consents.filter(({ withdrawal }) => !withdrawal), withdrawn = consents.filter(({ withdrawal }) => withdrawal);
  return (
    <>
      <Problem error={error} />
      <p className="done" tabIndex={-1} ref={place} role="status" data-done>{said.key && t(said.key)}</p>
      <Again readAt={readAt} again={again} />
      <Waiting directives={directives} done={done} />
      <section className="own-part" aria-labelledby="own-consents">
        <h3 id="own-consents">{t("consents")}</h3>
        <p>{t("consents_what")}</p>
        {inForce.length === 0 && <p>{t("consents_none")}</p>}
        <ul className="cards">{inForce.map((consent) => <li key={consent.subject}>
          <ConsentCard consent={consent} matter={matters.find(({ subject }) => subject === consent.subject)} done={done} />
        </li>)}</ul>
        {withdrawn.length > 0 && (
          <details>
            <summary>{t("earlier")}</summary>
            <ul className="cards">{withdrawn.map((consent) => <li key={consent.subject}>
              <ConsentCard consent={consent} matter={matters.find(({ subject }) => subject === consent.subject)} done={done} />
            </li>)}</ul>
          </details>
        )}
      </section>
      <Advance consents={directives?.consents ?? []} done={done} />
      <Prohibitions prohibitions={directives?.prohibitions ?? []} done={done} />
      <Blocked directives={directives} />
    </>
  );
}
