import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { InlineAlert, LoadingSpinner } from "suomifi-ui-components";

import { useClock } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import colleagueTexts from "../../texts/colleagues.json";
import texts from "../../texts/sharing.json";
import { dayKey, limit } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { isBeforeWeekend, weekendOf } from "../../ui/weekend";
import { Outcome, type Done } from "../worklist/bar";
import { UnitChoice } from "../share/unitchoice";
import { useSharedUnits } from "../share/units";
import { Absences } from "./absences";
import { Duty } from "./duty";
import { OnCall } from "./oncall";
import { useWeekend } from "./read";
import { Section } from "./section";
import "./weekend.css";

addTexts("sharing", texts);
addTexts("colleagues", colleagueTexts);

export interface WeekendSearch { unit?: string }

// So many seconds a passing on can be undone.
const undoSeconds = 10;

// WeekendPage is what a unit looks at before it closes for the weekend.
export function WeekendPage() {
  const t = useTexts("sharing"), shell = useTexts("shell"), person = usePerson(), now = useClock();
  const { units, reads, loading } = useSharedUnits();
  const { unit: asked } = useSearch({ strict: false }) as WeekendSearch, navigate = useNavigate(), unit = asked ?? person.unit;
  const own = person.unit && !units.includes(person.unit) ? [person.unit, ...units] : units;
  useTitle(shell("weekend"));
  return (
    <div className="weekend">
      <div className="weekend-head">
        <h1>{shell("weekend")}</h1>
        {unit && <UnitChoice units={own} unit={unit}
          choose={(one) => void navigate({ to: "/weekend", search: { unit: one }, replace: true })} />}
      </div>
      {now && !isBeforeWeekend(now) && <InlineAlert status="neutral" className="weekend-other-time" data-other-time>
        {t("madeFor", { when: limit(weekendOf(dayKey(now)).from) })}
      </InlineAlert>}
      {now && unit && !loading ? (reads(unit) ? <Parts key={unit} unit={unit} now={now} /> : <p>{t("notRead")}</p>)
        : <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
    </div>
  );
}

function Parts({ unit, now }: { unit: string; now: Date }) {
  const t = useTexts("sharing"), shell = useTexts("shell"), end = weekendOf(dayKey(now));
  const { untouched, due, items, contacts, roster, error, refresh } = useWeekend(unit, now);
  const [done, setDone] = useState<Done & { at: number }>();
  const acted = (result: Done) => { setDone((before) => ({ ...result, at: (before?.at ?? 0) + 1 })); refresh(); };
  const passed = (results: Done["results"]) => acted({ act: "pass", results }), when = limit(end.until);
  return (
    <>
      <div className="weekend-told" role="status">{done && <Outcome key={done.at} done={done} seconds={undoSeconds} undone={acted}
        close={() => setDone(undefined)} />}</div>
      <Problem error={error} focus={false} />
      {!error && !(items && roster) && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {items && roster && <div className="weekend-parts">
        <div>
          <Section name="untouched" title={t("untouched")} none={t("untouchedNone")} items={untouched} contacts={contacts}
            passed={passed} />
          <Section name="due" title={t("due", { when })} none={t("dueNone", { when })} items={due} passed={passed} />
        </div>
        <div>
          <OnCall unit={unit} end={end} />
          <Duty unit={unit} end={end} roster={roster} />
          <Absences items={items} roster={roster} end={end} today={dayKey(now)} passed={passed} />
        </div>
      </div>}
    </>
  );
}
