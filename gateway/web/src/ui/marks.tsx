import {
  DueBasis, DueBasisSchema, LoopPhase, LoopPhaseSchema, Urgency, UrgencySchema, type LoopStatus,
} from "#gen/koppi/common/v1/party_pb";
import { dateOf, useNow } from "../app/clock";
import { useTexts, useWords } from "../app/language";
import { clock, dayKey, distance, endsItsDay, limit } from "./dates";
import { nameOf } from "./names";
import { useProvision } from "./provision";

// Shape and word tell a phase; colour only besides.
const shapes: Record<LoopPhase, string> = {
  [LoopPhase.UNSPECIFIED]: "", [LoopPhase.SENT]: "○", [LoopPhase.RECEIVED]: "◔", [LoopPhase.TAKEN]: "◑", [LoopPhase.IN_PROGRESS]: "◕",
  [LoopPhase.WAITING]: "◷", [LoopPhase.CLOSED]: "●", [LoopPhase.DECLINED]: "⊘", [LoopPhase.WITHDRAWN]: "↩",
};

export function PhaseMark({ status }: { status?: LoopStatus }) {
  const word = useWords();
  if (!status?.phase) return null;
  return <span className={`phase phase-${status.phase}`}>
    <span aria-hidden="true" className="shape">{shapes[status.phase]}</span>
    {word(nameOf(LoopPhaseSchema, status.phase))}
  </span>;
}

export function UrgencyMark({ urgency }: { urgency?: Urgency }) {
  const word = useWords();
  if (!urgency || urgency === Urgency.NORMAL) return null;
  return <strong className="urgency"><span aria-hidden="true" className="shape">!</span>{word(nameOf(UrgencySchema, urgency))}</strong>;
}

// isUrgent tells of a due time that it is when it is because the matter is urgent.
export const isUrgent = (status?: LoopStatus) => status?.dueAt !== undefined && status.dueBasis === DueBasis.URGENCY;

interface Due {
  status?: LoopStatus;
  // What it is called where the reader is not told what it rests on.
  label?: string;
  // Of an urgent due time: how urgent the matter is.
  urgency?: Urgency;
  // With its date and provision; else only how far off it is.
  whole?: boolean;
}

// DueMark says until when in words, and what that rests on where the reader is told; the date
// itself is in its title, and read out. With a label it follows a sentence that has the date.
export function DueMark({ status, label, urgency, whole }: Due) {
  const t = useTexts("shell"), word = useWords(), provision = useProvision(), now = useNow(), due = dateOf(status?.dueAt);
  if (!status || !due) return null;
  // The service knows first that it is late.
  const away = distance(due, status.overdue && now <= due ? new Date(due.getTime() + 1) : now), late = away.late;
  const basis = status.dueBasis ? nameOf(DueBasisSchema, status.dueBasis) : "", urgent = isUrgent(status);
  if (label && !basis && away.key === "on_day") return null;
  const far = t(away.key, { count: away.count, date: limit(due) });
  const date = !whole && dayKey(due) === dayKey(now) && !endsItsDay(due) ? clock(due) : limit(due);
  const by = urgent ? t("on_day", { date }) : date;
  // An urgent time is read off the clock; how long ago it was says more once it has passed.
  const shown = basis && (whole || (urgent && !late) || away.key === "on_day") ? by : far;
  const alarm = <span aria-hidden="true" className="shape">▲</span>;
  return (
    <span className={late ? "due late" : "due"} data-due={basis || undefined}>
      {!basis && label && `${label}: `}
      {urgent ? <><UrgencyMark urgency={urgency && urgency !== Urgency.NORMAL ? urgency : Urgency.URGENT} />{": "}</>
        : basis ? word(basis) + (whole ? " " : ": ") : null}
      {late && !whole && alarm}
      <time dateTime={due.toISOString()} title={limit(due)}>{shown}</time>
      {whole && basis && status.dueProvision && <span className="quiet provision"> ({provision(status.dueProvision)})</span>}
      {whole && basis && away.key !== "on_day" && <> · {late && alarm}{far}</>}
    </span>
  );
}

// Marks are until when, and how urgent: said as one where the one follows from the other.
export function Marks(due: Due) {
  const { status, urgency } = due;
  return <><DueMark {...due} />{!isUrgent(status) && <UrgencyMark urgency={urgency} />}</>;
}
