import { LoopPhase, type LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day } from "../../ui/dates";
import { usePhase } from "../../ui/marks";

const path = [LoopPhase.SENT, LoopPhase.RECEIVED, LoopPhase.TAKEN, LoopPhase.IN_PROGRESS, LoopPhase.CLOSED];

// PhaseLine shows the phases of a matter: the current one with its start, the next one outlined. A matter may wait
// for an answer before anybody has taken it.
export function PhaseLine({ status, received, untaken }: { status?: LoopStatus; received: boolean; untaken?: boolean }) {
  const t = useTexts("matter"), named = usePhase();
  if (!status?.phase) return null;
  // Waiting is the phase "in progress", from the viewpoint of the party that is waited for.
  const at = path.indexOf(status.phase === LoopPhase.WAITING ? LoopPhase.IN_PROGRESS : status.phase);
  const phases = at < 0 ? [LoopPhase.SENT, status.phase] : path.map((phase, index) => (index === at ? status.phase : phase));
  const since = dateOf(status.since);
  return (
    <ol className="phase-line" aria-label={t("phases")}>
      {phases.map((phase, index) => {
        const current = phase === status.phase;
        const waits = status.phase === LoopPhase.WAITING && untaken, ahead = at >= 0 && index > at || waits && phase === LoopPhase.TAKEN;
        const state = current ? "current" : ahead ? (index === at + 1 ? "next" : "ahead") : "done";
        return <li key={phase} className={state} aria-current={current ? "step" : undefined}>
          {named(phase, received)}
          {current && since && <time dateTime={since.toISOString()}> {day(since)}</time>}
        </li>;
      })}
    </ol>
  );
}
