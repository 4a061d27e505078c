import { Button } from "suomifi-ui-components";

import {
  ReassignWorkRequestSchema, type NamedCount, type WorkerLoad, type WorkItem,
} from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts, useWords } from "../../app/language";
import { absenceText, nameOfColleague } from "../../ui/colleagues";
import { dayKey } from "../../ui/dates";
import { useDefinitions } from "../../ui/definitions";
import { text, type Field } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { Marks } from "../people/marks";
import { most, pass, type Result } from "../worklist/bulk";
import { isAway, isDueIn, isHeld } from "./order";

interface Props {
  load: WorkerLoad;
  picked: WorkItem[];
  now: Date;
  asking: boolean;
  ask: () => void;
  close: () => void;
  give: () => void;
  given: (results: Result[]) => void;
  // Nothing is ticked that could be given.
  missing: () => void;
}

const figures = ["open", "second", "urgent", "overdue"] as const;

// Worker is a colleague with the present load. One click gives what is ticked, unless there is something to ask.
export function Worker({ load, picked, now, asking, ask, close, give, given, missing }: Props) {
  const t = useTexts("sharing"), c = useTexts("colleagues"), word = useWords(), said = useDefinitions(), today = dayKey(now);
  const colleague = load.colleague!, who = nameOfColleague(colleague), { absence } = colleague, { agency, unit, worker } = colleague.party!;
  // What a worker holds is taken from the worker with a reason.
  const owed = picked.some(isHeld);
  const away = absence && (isAway(absence, today) || picked.some((item) => isDueIn(item, absence, today))) ? absence : undefined;
  const reason: Field = { kind: "line", name: "reason", label: "reason", required: true, hint: "reasonHint", missing: "missingReason" };
  const label = picked.length ? t("give", { count: picked.length }) : t("giveNothing");
  const act = () => (!picked.length ? missing() : owed || away ? ask() : give());
  return (
    <li data-worker={worker} className="share-worker" data-away={isAway(absence, today) || undefined}>
      <div className="share-who">
        <p><strong dir="auto">{who}</strong>{" "}
          {colleague.profession && <span className="quiet">{word(colleague.profession)}</span>}</p>
        <Marks colleague={colleague} now={now} />
        <ul className="share-figures">{figures.filter((one) => one === "open" || load[one] > 0).map((one) => (
          <li key={one} data-load={one} className={load[one] ? one : "quiet"}>{t(`load_${one}`, { count: load[one] })}</li>
        ))}</ul>
        <Named label={t("byTrack")} counts={load.byTrack} called={word} />
        <Named label={t("bySupportNeed")} counts={load.bySupportNeed} called={said.need} />
      </div>
      {!asking && <Button type="button" variant="secondary" data-give={worker} aria-disabled={!picked.length}
        aria-label={`${label}: ${who}`} onClick={act}>{label}</Button>}
      {asking && <StepForm texts="sharing" title={t("giveTitle", { count: picked.length, who })} schema={ReassignWorkRequestSchema}
        fields={owed ? [reason] : []} sendLabel={t("giveNothing")}
        sure={away && t("awaySure", { who, absence: c(...absenceText(away, today)) })}
        make={(values, requestId) => ({
          requestId, subjects: picked.slice(0, most).map(({ subject }) => subject), to: { agency, unit, worker },
          reason: text(values, "reason"),
        })}
        send={async (request) => given(await pass(request, picked))} done={close} cancel={close} />}
    </li>
  );
}

// Named counts matters by a value of the contract: "sosiaalityö 3, sosiaaliohjaus 1".
function Named({ label, counts, called }: { label: string; counts: NamedCount[]; called: (name: string) => string }) {
  if (!counts.length) return null;
  return <p className="share-named"><span className="quiet">{label}:</span>{" "}
    {counts.map(({ name, count }) => `${called(name)} ${count}`).join(", ")}</p>;
}
