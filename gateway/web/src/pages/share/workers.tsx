import { useState, type RefObject } from "react";

import type { WorkerLoad, WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import type { Result } from "../worklist/bulk";
import { Worker } from "./worker";

interface Props {
  place: RefObject<HTMLElement | null>;
  loads: WorkerLoad[];
  picked: WorkItem[];
  now: Date;
  // give passes what is ticked on at once; given tells what a form came to that did.
  give: (to: Colleague) => void;
  given: (results: Result[], to: Colleague) => void;
}

// Workers are those who may get what is ticked, the least load first.
export function Workers({ place, loads, picked, now, give, given }: Props) {
  const t = useTexts("sharing"), [asking, ask] = useState<string>(), [missing, miss] = useState(false);
  return (
    <section className="share-workers" aria-labelledby="share-workers" ref={place} tabIndex={-1}>
      <h2 id="share-workers">{t("workers")}</h2>
      <p role="status" className={missing && !picked.length ? "late" : "quiet"}>
        {picked.length ? t("choose", { count: picked.length }) : t("tickFirst")}
      </p>
      {loads.length === 0 && <p>{t("nobody")}</p>}
      <ul>{loads.map((load) => {
        const { worker } = load.colleague!.party!;
        return <Worker key={worker} load={load} picked={picked} now={now} asking={asking === worker && picked.length > 0}
          ask={() => ask(worker)} close={() => ask(undefined)} give={() => give(load.colleague!)} missing={() => miss(true)}
          given={(results) => { ask(undefined); given(results, load.colleague!); }} />;
      })}</ul>
    </section>
  );
}
