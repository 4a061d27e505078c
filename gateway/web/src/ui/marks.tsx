import {
  DueBasis, DueBasisSchema, LoopPhase, LoopPhaseSchema, Urgency, UrgencySchema, type LoopStatus,
} from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf, useNow } from "../app/clock";
import { useTexts, useWords } from "../app/language";
import { clock, dayKey, distance, endsItsDay, limit, spokenDay, spokenTime } from "./dates";
import { nameOf } from "./names";
import { useProvision } from "./provision";

// Shape and text identify a phase; colour is additional.
const shapes: Record<LoopPhase, string> = {
  [LoopPhase.UNSPECIFIED]: "", [LoopPhase.SENT]: "○", [LoopPhase.RECEIVED]: "◔", [LoopPhase.TAKEN]: "◑",
  [LoopPhase.IN_PROGRESS]: "◕", [LoopPhase.WAITING]: "◷", [LoopPhase.CLOSED]: "●", [LoopPhase.DECLINED]: "⊘", [LoopPhase.WITHDRAWN]: "↩",
};

// usePhase returns a function that names a phase: what is sent for its sender has arrived for its
// receiver.
export function usePhase() {
  const word = useWords(), t = useTexts("shell");
  return (phase: LoopPhase, received?: boolean) =>
    (received && phase === LoopPhase.SENT ? t("arrived") : word(nameOf(LoopPhaseSchema, phase)));
}

export function PhaseMark({ status, received }: { status?: LoopStatus; received?: boolean }) {
  const named = usePhase();
  if (!status?.phase) return null;
  return <span className={`phase phase-${status.phase}`}>
    <span aria-hidden="true" className="shape">{shapes[status.phase]}</span>
    {named(status.phase, received)}
  </span>;
}

// UrgencyMark is filled for an emergency and outlined for an urgent matter, so that they differ at a
// glance and in forced colours.
export function UrgencyMark({ urgency }: { urgency?: Urgency }) {
  const word = useWords();
  if (!urgency || urgency === Urgency.NORMAL) return null;
  const emergency = urgency === Urgency.EMERGENCY;
  return <strong className={emergency ? "urgency emergency" : "urgency"}>
    {emergency && <span aria-hidden="true" className="shape">!</span>}{word(nameOf(UrgencySchema, urgency))}
  </strong>;
}

// isUrgent reports whether a due time follows from the urgency of the matter.
export const isUrgent = (status?: LoopStatus) => status?.dueAt !== undefined && status.dueBasis === DueBasis.URGENCY;

interface Due {
  status?: LoopStatus;
  // Label for readers who do not see the basis of the due time.
  label?: string;
  // For an urgent due time: the urgency of the matter.
  urgency?: Urgency;
  // With date and provision; otherwise only the remaining time.
  whole?: boolean;
}

// DueMark shows the due time in words, and its basis if the reader may see it; the date is in the
// title and read out by screen readers. With a label it follows a sentence that has the date.
export function DueMark({ status, label, urgency, whole }: Due) {
  const t = useTexts("shell"), word = useWords(), provision = useProvision(), now = useNow(), due = dateOf(status?.dueAt);
  if (!status || !due) return null;
  // The service decides whether it is late.
  const away = distance(due, status.overdue && now <= due ? new Date(due.getTime() + 1) : now), late = away.late;
  const basis = status.dueBasis ? nameOf(DueBasisSchema, status.dueBasis) : "", urgent = isUrgent(status);
  if (label && !basis && away.key === "on_day") return null;
  const far = t(away.key, { count: away.count, date: limit(due) });
  const date = !whole && dayKey(due) === dayKey(now) && !endsItsDay(due) ? clock(due) : limit(due);
  const by = urgent ? t("on_day", { date }) : date;
  // An urgent due time shows the time of day; once it has passed, how long ago it was.
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

// Marks show due time and urgency; as one mark if the due time follows from the urgency.
export function Marks(due: Due) {
  const { status, urgency } = due;
  return <><DueMark {...due} />{!isUrgent(status) && <UrgencyMark urgency={urgency} />}</>;
}

// RowDue is the due time in a row of a list: the day as people say it, how far it is, and in text for
// screen readers what it rests on and the whole time.
export function RowDue({ status, urgency }: Pick<Due, "status" | "urgency">) {
  const t = useTexts("shell"), word = useWords(), now = useNow(), due = dateOf(status?.dueAt);
  if (!status || !due) return null;
  const away = distance(due, status.overdue && now <= due ? new Date(due.getTime() + 1) : now);
  const basis = status.dueBasis ? nameOf(DueBasisSchema, status.dueBasis) : "";
  const sameDay = dayKey(due) === dayKey(now);
  const shown = away.late ? t(away.key, { count: away.count })
    : sameDay ? (endsItsDay(due) ? t("today") : t("today_at", { at: spokenTime(due) }))
    : isUrgent(status) ? limit(due) : spokenDay(due);
  return (
    <span className={away.late ? "due late" : "due"} data-due={basis || undefined} data-urgency={urgency || undefined}>
      {away.late && <span aria-hidden="true" className="shape">▲</span>}
      <time dateTime={due.toISOString()} title={limit(due)}>{shown}</time>
      {away.key === "in_days" && <span className="away"> ({t("working_days", { count: away.count })})</span>}
      <span className="hidden">, {[basis && word(basis), away.late || sameDay ? limit(due) : ""].filter(Boolean).join(" ")}</span>
    </span>
  );
}
