import { useNavigate } from "@tanstack/react-router";
import type { RefObject } from "react";
import { ActionMenu, ActionMenuItem, SearchInput } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { useRoving } from "../../app/roving";
import type { Filter } from "./groups";
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

interface SearchProps { sought: string; seek: (sought: string) => void; place: RefObject<HTMLInputElement | null> }

// Search narrows the list down by kind, topic, sender and matter number.
export function Search({ sought, seek, place }: SearchProps) {
  const t = useTexts("worklist");
  return <SearchInput ref={place} dir="auto" labelText={t("search")} labelMode="hidden" visualPlaceholder={t("search")}
    searchButtonLabel={t("search")} clearButtonLabel={t("clear")} value={sought} onChange={(value) => seek(String(value ?? ""))}
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
