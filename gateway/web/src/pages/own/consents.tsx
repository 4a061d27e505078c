import { LoadingSpinner } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { isInForce } from "../../ui/consent";
import { Problem } from "../../ui/problem";
import { Advance } from "./advance";
import { Blocked } from "./blocked";
import { ConsentCard } from "./consentcard";
import { useDone } from "./done";
import { Fold } from "./fold";
import { Prohibitions } from "./prohibitions";
import { useOwn } from "./reading";
import { Decided } from "./waiting";
import { useDirectives } from "./directives";

// Consents shows the client's consents and prohibitions, and how to change them.
export function Consents() {
  const t = useTexts("own"), shell = useTexts("shell"), [place, done] = useDone();
  const { consents, directives, loading, error } = useDirectives(), { matters } = useOwn();
  if (loading && !error) return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
  const inForce = consents.filter(isInForce), withdrawn = consents.filter((one) => !isInForce(one));
  return (
    <>
      <Problem error={error} />
      {place}
      <section className="own-part" aria-labelledby="own-consents">
        <h3 id="own-consents">{t("consents")}</h3>
        <p>{t("consents_what")}</p>
        {inForce.length === 0 && <p>{t("consents_none")}</p>}
        <ul className="cards">{inForce.map((consent) => <li key={consent.subject}>
          <ConsentCard consent={consent} matter={matters.find(({ subject }) => subject === consent.subject)} done={done} />
        </li>)}</ul>
        {withdrawn.length > 0 && (
          <Fold name="earlier" title={t("earlier")} of={t("consents")} level="h4">
            <ul className="cards">{withdrawn.map((consent) => <li key={consent.subject}>
              <ConsentCard consent={consent} matter={matters.find(({ subject }) => subject === consent.subject)} done={done} />
            </li>)}</ul>
          </Fold>
        )}
      </section>
      <Advance consents={directives?.consents ?? []} done={done} />
      <Prohibitions prohibitions={directives?.prohibitions ?? []} done={done} />
      <Blocked directives={directives} />
      <Decided directives={directives} />
    </>
  );
}
