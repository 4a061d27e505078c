import { LoopPhase, Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Person } from "../../app/session";
import { dueToday } from "../../ui/dates";
import { isOverride, kindOf } from "../../ui/names";

export const ended = ({ status }: WorkItem) => status !== undefined && status.phase >= LoopPhase.CLOSED;

// ourTurn reports whether the person's agency must act next.
export const ourTurn = (item: WorkItem, person: Person) =>
  item.status?.waitingOn?.agency === person.agency && !item.status.waitingOnClient;

// isFresh reports whether nobody in the person's agency has received the matter yet.
export const isFresh = (item: WorkItem, person: Person) => ourTurn(item, person) && item.status?.phase === LoopPhase.SENT;

// The groups of a worklist, in the order of the page. A matter is in the first that holds.
export const groups = ["emergency", "overdue", "today", "fresh", "rest", "ended"] as const;
export type Group = (typeof groups)[number];

export function groupOf(item: WorkItem, person: Person, now: Date): Group {
  if (ended(item)) return "ended";
  // An emergency is first before its receipt and after it, however late other matters are.
  if (item.urgency === Urgency.EMERGENCY) return "emergency";
  if (item.status?.overdue) return "overdue";
  if (dueToday(item.status?.dueAt, now)) return "today";
  return isFresh(item, person) ? "fresh" : "rest";
}

// Filters narrow a list down; each shows how many matters it leaves.
export const filters = ["emergency", "overdue", "today", "fresh", "others", "consultations"] as const;
export type Filter = (typeof filters)[number];

export function matches(filter: Filter, item: WorkItem, person: Person, now: Date): boolean {
  switch (filter) {
    case "emergency": return !ended(item) && item.urgency === Urgency.EMERGENCY;
    case "overdue": return item.status?.overdue ?? false;
    case "today": return !item.status?.overdue && dueToday(item.status?.dueAt, now);
    case "fresh": return isFresh(item, person);
    case "others": return !ended(item) && !isOverride(item.subject) && !ourTurn(item, person);
    case "consultations": return kindOf(item.subject) === "consultations";
  }
}

// grouped orders matters by group; within a group they keep their order.
export function grouped(items: WorkItem[], person: Person, now: Date): { group: Group; items: WorkItem[] }[] {
  const of = new Map<Group, WorkItem[]>();
  for (const item of items) {
    const group = groupOf(item, person, now);
    of.set(group, [...(of.get(group) ?? []), item]);
  }
  return groups.flatMap((group) => (of.has(group) ? [{ group, items: of.get(group)! }] : []));
}
