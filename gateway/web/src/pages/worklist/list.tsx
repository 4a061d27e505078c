import { Link, Outlet, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { LoadingSpinner } from "suomifi-ui-components";

import { useNow } from "../../app/clock";
import { useKeys, useKeysOn } from "../../app/keys";
import { addTexts, useTexts, useWords } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import { moment, onDate } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { idOf, isOverride, kindOf } from "../../ui/names";
import { isBeforeWeekend } from "../../ui/weekend";
import texts from "../../texts/worklist.json";
import { Bar, Outcome, type Done } from "./bar";
import { filters, grouped, matches, type Filter } from "./groups";
import { KeysHelp } from "./help";
import { useNames } from "./names";
import { useFrom } from "./row";
import { Rows } from "./rows";
import { useTicks } from "./ticks";
import { Begin, Chips, NamesSwitch, Queues, Search } from "./toolbar";
import { useWork, type ListName, type QueueName } from "./work";
import "./list.css";

export { lists, type ListName } from "./work";
export interface ListSearch { show?: string; queue?: QueueName }

addTexts("worklist", texts);

// Filters of a list: what is new or waits for others is asked of the worklist alone.
const filtersOf: Record<ListName, readonly Filter[]> = {
  work: filters, sent: ["emergency", "overdue", "today", "others", "consultations"], consultations: ["overdue", "today", "others"],
  plans: ["overdue", "today", "others"],
};

// ListPage is a list and, once a matter is open, that matter beside it.
export function ListPage({ name }: { name: ListName }) {
  const t = useTexts("worklist"), shell = useTexts("shell"), word = useWords();
  const person = usePerson(), now = useNow(), from = useFrom(person);
  const navigate = useNavigate();
  const { show, queue = "unit" } = useSearch({ strict: false }) as ListSearch, { kind, id } = useParams({ strict: false });
  const open = kind && id ? `${kind}/${id}` : undefined;
  const names = useNames(person, queue), work = useWork(name, queue, names.shown);
  const [sought, seek] = useState(""), [help, setHelp] = useState(false), [keysOn] = useKeysOn();
  const [done, setDone] = useState<Done>();
  const move = useRef<(by: number) => void>(() => {}), searching = useRef<HTMLInputElement>(null), pane = useRef<HTMLElement>(null);
  useTitle(shell(name));
  useEffect(() => { if (names.shown && work.error && refusalOf(work.error).reason === "ROLE_NOT_ALLOWED") names.refuse(); }, [work.error]);
  const filter = filters.find((one) => one === show);
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = work.items.filter((item) => {
    const number = item.matterNumber.toLowerCase();
    const client = names.shown ? [item.clientName, onDate(item.clientBirthDate)] : [];
    const said = [word(kindOf(item.subject)), ...item.about.map(word), from(item), number, number.replace("-", ""), ...client]
      .join(" ").toLowerCase();
    return (!filter || matches(filter, item, person, now)) && words.every((one) => said.includes(one));
  });
  const search = (change: ListSearch) => void navigate({ to: ".", search: (before) => ({ ...before, ...change }), replace: true });
  const groups = grouped(found, person, now);
  const inOrder = new Set([...groups.flatMap(({ items }) => items), ...work.items].map(({ subject }) => subject));
  const ticks = useTicks([...inOrder].filter((subject) => !isOverride(subject)));
  const next = () => {
    const matters = groups.flatMap(({ items }) => items).filter(({ subject }) => !isOverride(subject));
    const at = matters.findIndex(({ subject }) => subject === open), to = matters[at + 1] ?? matters[0];
    if (to) void navigate({
      to: `/${name}/$kind/$id`, params: { kind: kindOf(to.subject), id: idOf(to.subject) }, search: (before) => before,
    });
  };
  // The row in focus, by its tick or its link.
  const focused = () => document.activeElement?.closest(".rows li")?.querySelector("[data-subject]")?.getAttribute("data-subject");
  // A step by key ticks the row in focus alone, and leads to the button that takes the step.
  const [leads, setLeads] = useState<string>();
  useEffect(() => {
    if (!leads) return;
    pane.current?.querySelector<HTMLElement>(`.bar [data-act="${leads}"]`)?.focus();
    setLeads(undefined);
  }, [leads]);
  const lead = (act: string) => () => { const row = focused(); if (row) { ticks.set([row]); setLeads(act); } };
  const tick = () => { const row = focused(); if (row && !isOverride(row)) ticks.toggle(row); };
  // These keys only navigate, so they also act while nothing has the focus.
  useKeys({
    j: () => move.current(1), k: () => move.current(-1), ".": work.show, n: next, "?": () => setHelp(true),
    "/": () => searching.current?.focus(),
  }, (place) => place === document.body || place.closest(".split") !== null);
  const rowKeys = { x: tick, r: lead("receive"), t: lead("take"), s: lead("pass") };
  useKeys(name === "work" ? rowKeys : {}, (place) => place.closest(".rows") !== null);
  const tickable = groups.flatMap(({ items }) => items).map(({ subject }) => subject).filter((subject) => !isOverride(subject));
  const ticked = work.items.filter(({ subject }) => ticks.has(subject));
  const acted = (result: Done) => { setDone(result); ticks.set([]); void work.refresh(); };
  return (
    <div className={open ? "split open" : "split"}>
      <section className="list" aria-labelledby="list-name" ref={pane} tabIndex={-1}>
        <div className="list-bar">
          <h1 id="list-name">{shell(name)}</h1>
          <Queues queue={queue} choose={(one) => search({ queue: one === "unit" ? undefined : one })} />
          <Search sought={sought} seek={seek} place={searching} names={names.shown} />
          <Begin primary={!open} />
        </div>
        <p className="paper-only">{[
          t(queue), filter && t(filter), sought.trim() && `”${sought.trim()}”`, t("printed", { count: found.length, time: moment(now) }),
        ].filter(Boolean).join(" · ")}</p>
        <div className="list-filters">
          {name === "work" && tickable.length > 0 && (
            <label className="tick" data-tick-all><span className="hidden">{t("tickAll", { count: tickable.length })}</span>
              <input type="checkbox" checked={tickable.every(ticks.has)}
                onChange={({ target }) => ticks.set(target.checked ? tickable : [])} /></label>
          )}
          <Chips chosen={filter} choose={(one) => search({ show: one })} chips={filtersOf[name].map((one) => (
            { filter: one, count: work.items.filter((item) => matches(one, item, person, now)).length }))} />
          <NamesSwitch names={names} />
          {name === "work" && person.unit && isBeforeWeekend(now) && <Link to="/weekend" className="weekend-link">{shell("weekend")}</Link>}
          <div role="status">{work.fresh > 0 && (
            <button type="button" className="fresh" onClick={work.show}>{t("newOnes", { count: work.fresh })} · {t("showNew")}</button>
          )}</div>
        </div>
        {ticked.length > 0 && <Bar items={ticked} person={person} clear={() => ticks.set([])} done={acted} />}
        <div role="status">{done && <Outcome key={done.act} done={done} close={() => setDone(undefined)} undone={acted} />}</div>
        <Problem error={work.error} focus={false} />
        {work.loading ? <LoadingSpinner status="loading" variant="small" text={shell("loading")} />
          : found.length ? <Rows groups={groups} list={name} person={person} open={open} pane={pane} move={move}
            ticks={name === "work" ? ticks : undefined} names={names.shown} />
          : <p className="quiet">{t(work.items.length ? "emptyFiltered" : `empty_${name}`)}</p>}
        <p className="wide"><button type="button" className="plain quiet" onClick={() => setHelp(true)}>
          {t("keys")}{" "}
          {keysOn ? "(?)" : t("keysAreOff")}
        </button></p>
      </section>
      {open && <div className="detail"><Outlet /></div>}
      {help && <KeysHelp close={() => setHelp(false)} />}
    </div>
  );
}
