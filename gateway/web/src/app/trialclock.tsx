import { useQueryClient } from "@tanstack/react-query";

import { moveClock, useNow } from "./clock";
import { useTexts } from "./language";
import { moment } from "../ui/dates";

const steps = [["hour", 3600], ["days", 3 * 86_400], ["weeks", 14 * 86_400]] as const;

// TrialClock advances the domain's time, in trial mode.
export function TrialClock() {
  const t = useTexts("shell"), now = useNow(), queries = useQueryClient();
  const move = async (seconds: number) => { await moveClock(seconds); await queries.invalidateQueries(); };
  return (
    <div className="trial-clock" role="region" aria-label={t("clock")}>
      <span className="quiet">{t("clock")} {moment(now)}</span>
      {steps.map(([name, seconds]) => (
        <button key={name} type="button" className="plain" onClick={() => void move(seconds)}>{t(`clock_${name}`)}</button>
      ))}
    </div>
  );
}
