import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, InlineAlert } from "suomifi-ui-components";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useKeys, useKeysOn } from "../../app/keys";
import { useTexts } from "../../app/language";
import { patiently } from "../../app/patiently";
import type { Person } from "../../app/session";
import { back, canTake, take, type Act, type Result } from "./bulk";
import { useCalled } from "./row";
import { useSecondsLeft } from "./secondsleft";

// Done is what a step on several matters came to; of a passing on, the name of the receiver if it is one.
export interface Done { act: Act | "undo"; results: Result[]; to?: string }

interface BarProps {
  items: WorkItem[];
  person: Person;
  clear: () => void;
  done: (done: Done) => void;
}

const acts = ["receive", "take"] as const;

const PassForm = lazy(async () => ({ default: (await patiently(() => import("./passform"))).PassForm }));

// Bar offers the steps that can be taken on all ticked matters.
export function Bar({ items, person, clear, done }: BarProps) {
  const t = useTexts("worklist"), [busy, setBusy] = useState(false), [passing, setPassing] = useState(false);
  const act = async (one: (typeof acts)[number]) => {
    setBusy(true);
    done({ act: one, results: await take(one, items.filter((item) => canTake(one, item))) });
    setBusy(false);
  };
  const passable = items.filter((item) => canTake("pass", item));
  return (
    <div className="ticked">
      <div className="bar bar-line" role="group" aria-label={t("ticked", { count: items.length })}>
        <strong>{t("ticked", { count: items.length })}</strong>
        {acts.map((one) => {
          const able = items.filter((item) => canTake(one, item)).length;
          return able > 0 && <Button key={one} type="button" variant="secondary" aria-disabled={busy} data-act={one}
            onClick={() => { if (!busy) void act(one); }}>{t(`act_${one}`, { count: able })}</Button>;
        })}
        {passable.length > 0 && !passing && <Button type="button" variant="secondary" data-act="pass" onClick={() => setPassing(true)}>
          {t("act_pass")}
        </Button>}
        <button type="button" className="plain" onClick={clear}>{t("untick")}</button>
      </div>
      {passing && <Suspense>
        <PassForm items={passable} person={person} done={(results) => done({ act: "pass", results })} close={() => setPassing(false)} />
      </Suspense>}
    </div>
  );
}

interface OutcomeProps {
  done: Done;
  close: () => void;
  undone: (done: Done) => void;
  // For so many seconds it can be undone; without it, as long as it is shown. Then it has ended.
  seconds?: number;
  ended?: () => void;
  // What was done before stands beside it, and no key undoes it.
  earlier?: boolean;
}

// Outcome tells for each matter what a step came to, and undoes what can be undone.
export function Outcome({ done: { act, results, to }, close, undone, seconds, ended, earlier }: OutcomeProps) {
  const t = useTexts("worklist"), { t: refusal, i18n } = useTranslation("refusals"), called = useCalled();
  const [busy, setBusy] = useState(false), [held, hold] = useState(false), [keysOn] = useKeysOn();
  const left = useSecondsLeft(seconds, held || busy);
  const good = results.filter(({ reason }) => !reason), bad = results.filter(({ reason }) => reason);
  const why = (reason: string) => (i18n.exists(`refusals:${reason}`) ? refusal(reason) : reason);
  const undo = async () => {
    if (busy) return;
    setBusy(true);
    undone({ act: "undo", results: await back(good.map(({ item }) => item), t("undoReason")) });
    setBusy(false);
  };
  useEffect(() => { if (left === 0) ended?.(); }, [left]);
  const undoable = act === "pass" && good.length > 0 && left !== 0, byKey = seconds !== undefined && undoable && !earlier;
  // Whoever is elsewhere on the page would not reach the button in time.
  useKeys(byKey ? { u: () => void undo() } : {}, () => true);
  const count = good.length, said = act === "pass" && to ? t("done_pass_to", { count, who: to }) : t(`done_${act}`, { count });
  return (
    <InlineAlert status={bad.length ? "warning" : "neutral"} className="outcome" data-outcome={act} onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)} onFocus={() => hold(true)} onBlur={() => hold(false)}>
      <div className="bar-line">
        {good.length > 0 && <details open={good.length <= 3 && seconds === undefined}><summary>{said}</summary>
          <ul>{good.map(({ item }) => <li key={item.subject}>{called(item)}</li>)}</ul></details>}
        {undoable && <Button type="button" variant="secondary" aria-disabled={busy} data-undo onClick={() => void undo()}>
          {t("undo")}
          {byKey && keysOn && <span className="wide"> {t("byKey", { key: "u" })}</span>}
          {left !== undefined && <span aria-hidden="true"> {t("secondsLeft", { left })}</span>}
        </Button>}
        <button type="button" className="plain" onClick={close}>{t("close")}</button>
      </div>
      {bad.length > 0 && <><p>{t("notDone", { count: bad.length })}</p>
        <ul>{bad.map(({ item, reason }) => <li key={item.subject}>{called(item)}: {why(reason!)}</li>)}</ul></>}
    </InlineAlert>
  );
}
