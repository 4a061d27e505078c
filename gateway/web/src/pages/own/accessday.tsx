import { useTexts } from "../../app/language";
import { clock } from "../../ui/dates";
import { useProvision } from "../../ui/provision";
import type { Act, Day, Emergency, Group } from "./accesses";
import { listed } from "./did";
import { useNames } from "./names";

export function AccessDay({ date, groups }: Day) {
  return (
    <section className="access-day" data-day={date}>
      <h3>{date}</h3>
      {groups.map((group, index) => <AccessGroup key={index} group={group} />)}
    </section>
  );
}

function AccessGroup({ group: { who, withheld, acts } }: { group: Group }) {
  const t = useTexts("own"), names = useNames();
  return (
    <>
      <h4>{who === "client" ? t("log_you") : who === "system" ? t("log_koppi") : names.full(who)}</h4>
      {withheld && <p className="quiet withheld-name" data-withheld-name>{t("log_withheld")}</p>}
      {byEmergency(acts).map(([key, its]) => (
        <div key={key} className={key ? "in-emergency" : undefined} data-in-emergency={key || undefined}>
          {its[0]!.emergency && <InEmergency emergency={its[0]!.emergency} />}
          <ul>{its.map((act, index) => <li key={index}><AccessAct act={act} /></li>)}</ul>
        </div>
      ))}
    </>
  );
}

// byEmergency returns what was read in an emergency apart: its reason and verdict are said once.
function byEmergency(acts: Act[]) {
  const parts = Map.groupBy(acts, ({ emergency }) => (emergency ? `${emergency.reason} ${emergency.verdict}` : ""));
  return [...parts].sort(([a], [b]) => Number(b !== "") - Number(a !== ""));
}

function InEmergency({ emergency: { reason, verdict } }: { emergency: Emergency }) {
  const t = useTexts("own");
  return (
    <p>
      <strong>{t("log_emergency")}</strong> {t(`emergency_${reason}`)} {t(`verdict_${verdict}`)}
    </p>
  );
}

function AccessAct({ act: { word, grounds, times } }: { act: Act }) {
  const t = useTexts("own"), said = useProvision(), what = t(word), first = times.at(-1)!, last = times[0]!;
  const at = clock(first) === clock(last) ? clock(last) : `${clock(first)}–${clock(last)}`;
  const why = grounds.map(({ ground, provision }) => [t(`why_${ground}`), provision && `(${said(provision)})`].filter(Boolean).join(" "))
    .join("; ");
  return (
    <>
      {times.length > 1 && word !== listed ? t("times", { what, count: times.length }) : what}
      <small>{at}. {why && t("why", { why })}</small>
    </>
  );
}
