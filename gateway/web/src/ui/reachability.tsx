import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { lazy, Suspense, useRef, useState } from "react";

import { ConsultationService, ReachabilitySchema } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useNow } from "../app/clock";
import { addTexts, useTexts } from "../app/language";
import type { Person } from "../app/session";
import texts from "../texts/reachability.json";
import { dayKey } from "./dates";
import { finnish } from "./form/times";

addTexts("reachability", texts);

const Dialog = lazy(() => import("./reachabilitydialog").then((page) => ({ default: page.ReachabilityDialog })));

// Until the end of the office day at 16:00; after 16:00, until the end of the day.
function untilEvening(now: Date) {
  const four = finnish(`${dayKey(now)}T16:00`);
  return four && Number(four.seconds) * 1000 > now.getTime() ? four : undefined;
}

// Reachability shows whether the worker is reachable now, and changes it with one click. A dialog
// sets until when, the substitute and the languages; these stay until they are changed.
export function Reachability({ person }: { person: Person }) {
  const t = useTexts("reachability"), now = useNow(), [open, setOpen] = useState(false), more = useRef<HTMLButtonElement>(null);
  const party = { agency: person.agency, unit: person.unit, worker: person.worker };
  const { data, refetch } = useQuery(ConsultationService.method.getReachability, { parties: [party] });
  const set = useMutation(ConsultationService.method.setReachability, { onSuccess: () => void refetch() });
  const said = data?.reachabilities[0], reachable = said?.reachable ?? false;
  return (
    <span className="reachability-choice">
      <button type="button" className="plain reachability" aria-pressed={reachable} disabled={set.isPending}
        onClick={() => set.mutate({ reachability: {
          party, reachable: !reachable, until: reachable ? undefined : untilEvening(now), substitute: said?.substitute,
          languages: said?.languages,
        } })}>
        <span aria-hidden="true" className="shape">{reachable ? "●" : "○"}</span>{t(reachable ? "reachable" : "away")}
      </button>
      <button type="button" className="plain" ref={more} aria-label={t("title")} title={t("title")} data-reachability
        onClick={() => setOpen(true)}><span aria-hidden="true">…</span></button>
      {open && <Suspense>
        <Dialog person={person} said={said ?? create(ReachabilitySchema)} opener={more} close={() => { setOpen(false); void refetch(); }} />
      </Suspense>}
    </span>
  );
}
