import { Link, Outlet, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { LoadingSpinner, SearchInput } from "suomifi-ui-components";

import { useNow } from "../../app/clock";
import { useKeys, useKeysOn } from "../../app/keys";
import { addTexts, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import { moment } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { idOf, isOverride, kindOf, shortId } from "../../ui/names";
import texts from "../../texts/worklist.json";
import { KeysHelp } from "./help";
import { Rows } from "./rows";
import { matches, tiles, useWork, type ListName, type QueueName, type Tile } from "./work";
import "./list.css";

export { lists, type ListName } from "./work";
export interface ListSearch { show?: string; queue?: QueueName }

addTexts("worklist", texts);
const queueNames: QueueName[] = ["me", "unit", "agency"];
const beginnings: Record<ListName, string[]> = {
  work: ["concern", "referral"], sent: ["concern", "referral"], consultations: ["consultation"], plans: ["plan"],
};
const beginTexts: Record<string, string> = {
  concern: "newConcern", referral: "newReferral", consultation: "newConsultation", plan: "newPlan",
};

// ListPage is a list and, on a wide screen, the open matter beside it.
export function ListPage({ name }: { name: ListName }) {
  const t = useTexts("worklist"), shell = useTexts("shell"), word = useWords(), person = usePerson(), now = useNow();
  const navigate = useNavigate();
  const { show, queue = "unit" } = useSearch({ strict: false }) as ListSearch, { kind, id } = useParams({ strict: false });
  const open = kind && id ? `${kind}/${id}` : undefined;
  const work = useWork(name, queue), [sought, seek] = useState(""), [help, setHelp] = useState(false), [keysOn] = useKeysOn();
  const move = useRef<(by: number) => void>(() => {}), searching = useRef<HTMLInputElement>(null);
  useTitle(shell(name));
  const tile = tiles.find((one) => one === show);
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = work.items.filter((item) => {
    const text = [word(kindOf(item.subject)), ...item.about.map(word), shortId(item.clientId)].join(" ").toLowerCase();
    return (!tile || matches(tile, item, person, now)) && words.every((one) => text.includes(one));
  });
  const search = (change: ListSearch) => void navigate({ to: ".", search: (before) => ({ ...before, ...change }), replace: true });
  const next = () => {
    const matters = found.filter(({ subject }) => !isOverride(subject));
    const at = matters.findIndex(({ subject }) => subject === open), to = matters[at + 1] ?? matters[0];
    if (to) void navigate({
      to: `/${name}/$kind/$id`, params: { kind: kindOf(to.subject), id: idOf(to.subject) }, search: (before) => before,
    });
  };
  // These keys only navigate, so they also act while nothing has the focus.
  useKeys({
    j: () => move.current(1), k: () => move.current(-1), ".": work.show, n: next, "?": () => setHelp(true),
    "/": () => searching.current?.focus(),
  }, (focused) => focused === document.body || focused.closest(".split") !== null);
  return (
    <div className={open ? "split open" : "split"}>
      <section className="list" aria-labelledby="list-name">
        <div className="list-head">
          <h1 id="list-name">{shell(name)}</h1>
          <div className="begin">{beginnings[name].map((what) => <Link key={what} to="/new/$what" params={{ what }}
            search={{ from: undefined }} className="button first" data-begin={what}>{t(beginTexts[what]!)}</Link>)}</div>
        </div>
        <p className="paper-only">{[
          t(queue), tile && t(tile), sought.trim() && `”${sought.trim()}”`, t("printed", { count: found.length, time: moment(now) }),
        ].filter(Boolean).join(" · ")}</p>
        <div className="queues" role="group" aria-label={t("queue")}>
          {queueNames.map((one) => <button key={one} type="button" data-queue={one} aria-pressed={queue === one}
            onClick={() => search({ queue: one === "unit" ? undefined : one })}>{t(one)}</button>)}
        </div>
        <ul className="tiles" aria-label={t("tiles")}>
          {tiles.filter((one) => name === "work" || name === "sent" || one !== "consultations").map((one) => (
            <li key={one}><button type="button" data-tile={one} aria-pressed={tile === one}
              onClick={() => search({ show: tile === one ? undefined : one })}>
              <strong>{work.items.filter((item) => matches(one as Tile, item, person, now)).length}</strong><span>{t(one)}</span>
            </button></li>
          ))}
        </ul>
        <SearchInput ref={searching} dir="auto" labelText={t("search")} labelMode="hidden" visualPlaceholder={t("search")}
          searchButtonLabel={t("search")} clearButtonLabel={t("clear")} value={sought} onChange={(value) => seek(String(value ?? ""))}
          fullWidth />
        <div role="status">{work.fresh > 0 && (
          <button type="button" className="fresh" onClick={work.show}>{t("newOnes", { count: work.fresh })} · {t("showNew")}</button>
        )}</div>
        <Problem error={work.error} focus={false} />
        {work.loading ? <LoadingSpinner status="loading" variant="small" text={shell("loading")} />
          : found.length ? <Rows items={found} list={name} person={person} open={open}
            label={t("list", { name: shell(name), count: found.length })} move={move} />
          : <p className="quiet">{t(work.items.length ? "emptyFiltered" : `empty_${name}`)}</p>}
        <p className="wide"><button type="button" className="plain quiet" onClick={() => setHelp(true)}>
          {t("keys")}{" "}
          {keysOn ? "(?)" : t("keysAreOff")}
        </button></p>
      </section>
      <div className="detail"><Outlet /></div>
      {help && <KeysHelp close={() => setHelp(false)} />}
    </div>
  );
}
