import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { LoadingSpinner } from "suomifi-ui-components";

import { useClock } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import colleagueTexts from "../../texts/colleagues.json";
import peopleTexts from "../../texts/people.json";
import texts from "../../texts/sharing.json";
import { dayKey } from "../../ui/dates";
import { isBeforeWeekend } from "../../ui/weekend";
import { Problem } from "../../ui/problem";
import { useLoads, type Tab } from "./read";
import { Share } from "./share";
import { UnitChoice } from "./unitchoice";
import { useSharedUnits } from "./units";
import "../people/people.css";
import "./share.css";

addTexts("sharing", texts);
addTexts("people", peopleTexts);
addTexts("colleagues", colleagueTexts);

export interface ShareSearch { unit?: string; tab?: "repeated" }

const tabs: Tab[] = ["unassigned", "repeated"];

// SharePage shares out the work of a unit, for who leads it or is on duty there.
export function SharePage() {
  const t = useTexts("sharing"), shell = useTexts("shell"), person = usePerson(), now = useClock();
  const { units, reads, loading } = useSharedUnits();
  const { unit: asked, tab = "unassigned" } = useSearch({ strict: false }) as ShareSearch, navigate = useNavigate();
  const unit = asked ?? units[0] ?? person.unit;
  useTitle(shell("share"));
  const search = (change: ShareSearch) => void navigate({ to: "/share", search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <div className="sharing">
      <div className="share-head">
        <h1>{shell("share")}</h1>
        {unit && !loading && <UnitChoice units={units} unit={unit} choose={(one) => search({ unit: one })} />}
        <div className="queues share-tabs" role="group" aria-label={t("what")}>
          {tabs.map((one) => <button key={one} type="button" data-tab={one} aria-pressed={tab === one}
            onClick={() => search({ tab: one === "repeated" ? one : undefined })}>{t(`tab_${one}`)}</button>)}
        </div>
        {now && isBeforeWeekend(now) && <Link to="/weekend" search={{ unit }} className="share-weekend">{shell("weekend")}</Link>}
      </div>
      {loading || !now ? <LoadingSpinner status="loading" variant="small" text={shell("loading")} />
        : unit ? <Allowed key={unit} unit={unit} reads={reads(unit)} tab={tab} now={now} /> : <NotAllowed why="notAllowed" />}
    </div>
  );
}

// Allowed shows the work to whom the server tells the load.
function Allowed({ unit, reads, tab, now }: { unit: string; reads: boolean; tab: Tab; now: Date }) {
  const shell = useTexts("shell"), loads = useLoads(unit, dayKey(now));
  if (loads.error && refusalOf(loads.error).reason === "ROLE_NOT_ALLOWED") return <NotAllowed why="notAllowed" />;
  // An empty list would say that there is nothing to share out.
  if (!reads) return <NotAllowed why="notRead" />;
  if (!loads.ready) {
    return <><Problem error={loads.error} focus={false} />
      {loads.isLoading && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}</>;
  }
  return <Share key={tab} unit={unit} tab={tab} now={now} loads={loads} />;
}

function NotAllowed({ why }: { why: "notAllowed" | "notRead" }) {
  const t = useTexts("sharing"), shell = useTexts("shell");
  return (
    <div className="share-closed" data-not-allowed={why}>
      <p>{t(why)}</p>
      <p><Link to="/work">{shell("work")}</Link> · <Link to="/people">{shell("people")}</Link></p>
    </div>
  );
}
