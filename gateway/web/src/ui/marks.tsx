import { LoopPhase, LoopPhaseSchema, Urgency, UrgencySchema, type LoopStatus } from "#gen/koppi/common/v1/party_pb";
import { dateOf, useNow } from "../app/clock";
import { useTexts, useWords } from "../app/language";
import { nameOf } from "./names";
import { distance, limit } from "./dates";

// Shape and word tell a phase; colour only besides.
const shapes: Record<LoopPhase, string> = {
  [LoopPhase.UNSPECIFIED]: "", [LoopPhase.SENT]: "○", [LoopPhase.RECEIVED]: "◔", [LoopPhase.TAKEN]: "◑", [LoopPhase.IN_PROGRESS]: "◕",
  [LoopPhase.WAITING]: "◷", [LoopPhase.CLOSED]: "●", [LoopPhase.DECLINED]: "⊘", [LoopPhase.WITHDRAWN]: "↩",
};

export function PhaseMark({ status }: { status?: LoopStatus }) {
  const word = useWords();
  if (!status?.phase) return null;
  return <span className={`phase phase-${status.phase}`}><span aria-hidden="true" className="shape">{shapes[status.phase]}</span>{word(nameOf(LoopPhaseSchema, status.phase))}</span>;
}

export function UrgencyMark({ urgency }: { urgency?: Urgency }) {
  const word = useWords();
  if (!urgency || urgency === Urgency.NORMAL) return null;
  return <strong className="urgency"><span aria-hidden="true" className="shape">!</span>{word(nameOf(UrgencySchema, urgency))}</strong>;
}

// DueMark says until when in words; the date itself is in its title, and read out. With a
// label it follows a sentence that has the date, and only says how far off that is.
export function DueMark({ status, label }: { status?: LoopStatus; label?: string }) {
  const t = useTexts("shell"), now = useNow(), due = dateOf(status?.dueAt);
  if (!due) return null;
  // The service knows first that it is late.
  const away = distance(due, status!.overdue && now <= due ? new Date(due.getTime() + 1) : now), late = away.late;
  if (label && away.key === "on_day") return null;
  return (
    <span className={late ? "due late" : "due"}>
      {label && `${label}: `}
      {late && <span aria-hidden="true" className="shape">▲</span>}
      <time dateTime={due.toISOString()} title={limit(due)}>{t(away.key, { count: away.count, date: limit(due) })}</time>
    </span>
  );
}
