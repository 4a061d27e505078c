import { useNavigate } from "@tanstack/react-router";
import { useId, type RefObject } from "react";
import { ActionMenu, ActionMenuItem, SearchInput, ToggleInput } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { useRoving } from "../../app/roving";
import type { Filter } from "./groups";
import type { Names } from "./names";
import type { QueueName } from "./work";

const queueNames: QueueName[] = ["me", "unit", "agency"];
const beginnings = [
  ["concern", "newConcern"], ["referral", "newReferral"], ["consultation", "newConsultation"], ["plan", "newPlan"],
] as const;

// Queues choose whose matters the list holds.
export function Queues({ queue, choose }: { queue: QueueName; choose: (queue: QueueName) => void }) {
  const t = useTexts("worklist"), group = useRoving<HTMLDivElement>();
  return (
    <div ref={group} className="queues" role="toolbar" aria-label={t("queue")}>
      {queueNames.map((one) => <button key={one} type="button" data-queue={one} aria-pressed={queue === one} onClick={() => choose(one)}>
        {t(one)}
      </button>)}
    </div>
  );
}

// Chip is a filter with the number of matters that it leaves.
export interface Chip { filter: Filter; count: number }

interface ChipsProps { chips: Chip[]; chosen?: Filter; choose: (filter: Filter | undefined) => void }

// Chips narrow the list down to what they name.
export function Chips({ chips, chosen, choose }: ChipsProps) {
  const t = useTexts("worklist"), group = useRoving<HTMLDivElement>();
  return (
    <div ref={group} className="chips" role="toolbar" aria-label={t("filters")}>
      {chips.map(({ filter, count }) => (
        <button key={filter} type="button" data-filter={filter} aria-pressed={chosen === filter} className={count ? "" : "none"}
          onClick={() => choose(chosen === filter ? undefined : filter)}>
          {t(filter)} <strong>{count}</strong>
        </button>
      ))}
    </div>
  );
}

// NamesSwitch shows and hides the clients' names, and says that showing them is recorded.
export function NamesSwitch({ names: { may, shown, show, refused } }: { names: Names }) {
  const t = useTexts("worklist"), hint = useId();
  if (refused) return <p role="status" className="names quiet">{t("namesRefused")}</p>;
  if (!may) return null;
  return (
    <div className="names">
      <ToggleInput checked={shown} onChange={show} aria-describedby={hint} data-names>{t("showNames")}</ToggleInput>
      <span id={hint} className="quiet">{t("namesRecorded")}</span>
    </div>
  );
}

interface SearchProps { sought: string; seek: (sought: string) => void; place: RefObject<HTMLInputElement | null>; names: boolean }

// Search narrows the list down by kind, topic, sender and matter number, and by the client where names are shown.
export function Search({ sought, seek, place, names }: SearchProps) {
  const t = useTexts("worklist"), what = t(names ? "searchNamed" : "search");
  return <SearchInput ref={place} dir="auto" labelText={what} labelMode="hidden" visualPlaceholder={what}
    searchButtonLabel={what} clearButtonLabel={t("clear")} value={sought} onChange={(value) => seek(String(value ?? ""))}
    fullWidth />;
}

// Begin begins a new matter. Beside an open matter, which has a primary step of its own, it is not primary.
export function Begin({ primary }: { primary: boolean }) {
  const t = useTexts("worklist"), navigate = useNavigate();
  return (
    <ActionMenu buttonText={t("begin")} buttonVariant={primary ? "default" : "secondary"} className="begin">
      {beginnings.map(([what, text]) => (
        <ActionMenuItem key={what} className={`begin-${what}`}
          onClick={() => void navigate({ to: "/new/$what", params: { what }, search: { from: undefined } })}>{t(text)}</ActionMenuItem>
      ))}
    </ActionMenu>
  );
}
