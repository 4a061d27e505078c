import { useTexts } from "../../app/language";
import { clock } from "../../ui/dates";
import type { Act, Day, Group } from "./looks";
import { useNames } from "./names";

export function LookedDay({ date, groups }: Day) {
  return (
    <section className="looked-day" data-day={date}>
      <h3>{date}</h3>
      {groups.map((group, index) => <LookedGroup key={index} group={group} />)}
    </section>
  );
}

function LookedGroup({ group: { who, acts } }: { group: Group }) {
  const t = useTexts("own"), names = useNames();
  return (
    <>
      <h4>{who === "client" ? t("looked_you") : who === "system" ? t("looked_koppi") : names.full(who)}</h4>
      <ul>{acts.map((act, index) => <li key={index}><LookedAct act={act} /></li>)}</ul>
    </>
  );
}

function LookedAct({ act: { word, ground, provision, times } }: { act: Act }) {
  const t = useTexts("own"), what = t(word), first = times.at(-1)!, last = times[0]!;
  const at = clock(first) === clock(last) ? clock(last) : `${clock(first)}–${clock(last)}`;
  return (
    <>
      {times.length > 1 ? t("times", { what, count: times.length }) : what}
      <small>{at}. {ground && <>{t("why", { why: t(`why_${ground}`) })} {provision}</>}</small>
    </>
  );
}
