import { create } from "@bufbuild/protobuf";
import { useEffect, useRef, useState } from "react";
import { Button, LoadingSpinner } from "suomifi-ui-components";

import { ReassignWorkRequestSchema, type WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { usePerson } from "../../app/session";
import { nameOfColleague } from "../../ui/colleagues";
import { dayKey } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { Outcome, type Done } from "../worklist/bar";
import { pass } from "../worklist/bulk";
import { useNames } from "../worklist/names";
import { PassForm } from "../worklist/passform";
import { useTicks } from "../worklist/ticks";
import { NamesSwitch } from "../worklist/toolbar";
import { Matters, grouped } from "./matters";
import { useShared, type Loads, type Tab } from "./read";
import { Workers } from "./workers";

// So many seconds a passing on can be undone, and so many of them are told beside each other.
const undoSeconds = 10, told = 3;

interface Props { unit: string; tab: Tab; now: Date; loads: Loads }

// Share is what a unit shares out, beside the workers who may get it.
export function Share({ unit, tab, now, loads }: Props) {
  const t = useTexts("sharing"), shell = useTexts("shell"), w = useTexts("worklist"), person = usePerson(), today = dayKey(now);
  const names = useNames(person, "unit"), work = useShared(unit, tab, loads, today, names.shown);
  // What is being passed on has left the list before the list is read again.
  const [leaving, setLeaving] = useState<string[]>([]), [dones, setDones] = useState<(Done & { at: number })[]>([]);
  const [error, setError] = useState<unknown>(), [other, chooseOther] = useState(false);
  const failed = useRef<{ of: string; requestId: string }>(undefined);
  const groups = grouped(work.items.filter(({ subject }) => !leaving.includes(subject)), tab);
  const items = groups.flatMap((group) => group.items), ticks = useTicks(items.map(({ subject }) => subject));
  const picked = items.filter(({ subject }) => ticks.has(subject));
  useEffect(() => { if (names.shown && work.error && refusalOf(work.error).reason === "ROLE_NOT_ALLOWED") names.refuse(); }, [work.error]);

  const acted = (done: Done) => {
    const subjects = done.results.map(({ item }) => item.subject);
    setDones((before) => [{ ...done, at: (before[0]?.at ?? 0) + 1 }, ...before].slice(0, told));
    ticks.drop(subjects);
    chooseOther(false);
    loads.refresh();
    void work.refresh().then(() => setLeaving((before) => before.filter((subject) => !subjects.includes(subject))));
  };
  // give passes matters on to a worker at once. A repeated attempt is the same request.
  const give = async (some: WorkItem[], to: Party, called: string) => {
    const subjects = some.map(({ subject }) => subject), of = [to.worker, ...subjects].join(" ");
    const requestId = failed.current?.of === of ? failed.current.requestId : crypto.randomUUID();
    setError(undefined);
    ticks.drop(subjects);
    if (tab === "unassigned") setLeaving((before) => [...before, ...subjects]);
    const { agency, unit: place, worker } = to;
    try {
      const results = await pass(create(ReassignWorkRequestSchema, { requestId, to: { agency, unit: place, worker } }), some);
      failed.current = undefined;
      acted({ act: "pass", results, to: called });
    } catch (refused) {
      failed.current = { of, requestId };
      setError(refused);
      setLeaving((before) => before.filter((subject) => !subjects.includes(subject)));
      ticks.set(subjects);
    }
  };
  const workers = useRef<HTMLElement>(null);
  return (
    <>
      <div className="share-columns">
        <section className="list share-matters" aria-labelledby="share-matters">
          <h2 id="share-matters" className="hidden">{t(`tab_${tab}`)}</h2>
          <NamesSwitch names={names} />
          <div role="status">{work.fresh > 0 && <button type="button" className="fresh" onClick={work.show}>
            {w("newOnes", { count: work.fresh })} · {w("showNew")}
          </button>}</div>
          <Problem error={error ?? work.error} />
          {work.loading ? <LoadingSpinner status="loading" variant="small" text={shell("loading")} />
            : <Matters groups={groups} tab={tab} person={person} ticks={ticks} names={names.shown} />}
        </section>
        <Workers place={workers} loads={loads.loads} picked={picked} now={now}
          give={(to) => void give(picked, to.party!, nameOfColleague(to))}
          given={(results, to) => acted({ act: "pass", results, to: nameOfColleague(to) })} />
      </div>
      <div className="share-bottom">
        <div className="share-told" role="status">{dones.map((done, index) => (
          <Outcome key={done.at} done={done} seconds={undoSeconds} earlier={index > 0} undone={acted}
            close={() => setDones((before) => before.filter(({ at }) => at !== done.at))}
            ended={() => setDones((before) => before.filter(({ at, results }, place) =>
              at !== done.at || place === 0 || results.some(({ reason }) => reason)))} />
        ))}</div>
        {picked.length > 0 && <div className="share-picked" role="group" aria-label={w("ticked", { count: picked.length })}>
          <strong>{w("ticked", { count: picked.length })}</strong>
          <button type="button" className="plain" onClick={() => ticks.set([])}>{w("untick")}</button>
          {!other && <button type="button" className="plain" data-other onClick={() => chooseOther(true)}>{t("other")}</button>}
          <Button type="button" className="share-to-workers" onClick={() => workers.current?.focus()}>{t("toWorkers")}</Button>
          {other && <PassForm items={picked} person={person} draft="share" close={() => chooseOther(false)}
            done={(results) => acted({ act: "pass", results })} />}
        </div>}
      </div>
    </>
  );
}
