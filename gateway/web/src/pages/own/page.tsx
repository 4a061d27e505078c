import { Link, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import texts from "../../texts/own.json";
import { Consents } from "./consents";
import { AccessLog } from "./accesslog";
import { Matters } from "./matters";
import { OwnPlan } from "./plan";
import { views, type View } from "./views";
import "./own.css";

addTexts("own", texts);

const parts: Record<View, () => React.ReactNode> = { matters: Matters, plan: OwnPlan, consents: Consents, looked: AccessLog };

// OwnPage is the client's page: each part is read when it is opened, because each reading is
// recorded.
export function OwnPage() {
  const t = useTexts("own"), { show = "matters" } = useSearch({ from: "/own" }), heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(show);
  const Part = parts[show];
  useTitle(t(`view_${show}`));
  // After a change of part the focus is on its heading.
  useEffect(() => {
    if (before.current !== show) heading.current?.focus();
    before.current = show;
  }, [show]);
  return (
    <div className="own">
      <h1>{t("title")}</h1>
      <p className="lead">{t("lead")}</p>
      <nav aria-label={t("views")} className="own-views">
        <ul>
          {views.map((view) => <li key={view}><Link to="/own" search={{ show: view === "matters" ? undefined : view }}
            activeOptions={{ exact: true, includeSearch: true }} activeProps={{ "aria-current": "page" }} data-view={view}
            resetScroll={false}>{t(`view_${view}`)}</Link></li>)}
        </ul>
      </nav>
      <section aria-labelledby="own-view">
        <h2 id="own-view" tabIndex={-1} ref={heading}>{t(`view_${show}`)}</h2>
        <Part key={show} />
      </section>
    </div>
  );
}
