import type { WorkItem, WorkerLoad } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Absence } from "koppi-contract/koppi/casework/v1/people_pb";
import { Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { dayKey } from "../../ui/dates";
import { isOverride } from "../../ui/names";
import { canTake } from "../worklist/bulk";
import { ended } from "../worklist/groups";

// canPass reports whether a row is open work that can be passed on.
export const canPass = (item: WorkItem) => !isOverride(item.subject) && !ended(item) && canTake("pass", item);

export const isEmergency = ({ urgency }: WorkItem) => urgency === Urgency.EMERGENCY;
export const isHeld = ({ holder }: WorkItem) => Boolean(holder?.worker);

// urgentFirst puts emergencies before the rest; else the server's order by due time stays.
export const urgentFirst = (items: WorkItem[]) => [...items].sort((a, b) => Number(isEmergency(b)) - Number(isEmergency(a)));

const dueDay = ({ status }: WorkItem) => { const due = dateOf(status?.dueAt); return due && dayKey(due); };

// isDueBy reports whether a matter is due on a day or before it.
export const isDueBy = (item: WorkItem, day: string) => { const due = dueDay(item); return due !== undefined && due <= day; };

// isDueIn reports whether a matter comes due in an absence. What is late already is due in one that has begun.
export const isDueIn = (item: WorkItem, { from, to }: Absence, today: string) =>
  isDueBy(item, to) && (from <= today || (dueDay(item) ?? "") >= from);

export const isAway = (absence: Absence | undefined, today: string): absence is Absence =>
  absence !== undefined && absence.from <= today && absence.to >= today;

// hasNext reports whether a next step is agreed on for a matter of which nobody reaches the client.
export const hasNext = ({ nextAttemptAt, nextAppointmentAt }: WorkItem) => Boolean(nextAttemptAt ?? nextAppointmentAt);

const work = ({ open, second }: WorkerLoad) => open + second;

// leastFirst orders workers by what they work on, then by what is urgent or late. Whoever is away comes last.
export function leastFirst(loads: WorkerLoad[], today: string): WorkerLoad[] {
  const away = ({ colleague }: WorkerLoad) => Number(isAway(colleague?.absence, today));
  return [...loads].sort((a, b) => away(a) - away(b) || work(a) - work(b) || a.urgent - b.urgent || a.overdue - b.overdue);
}
