import type { Access } from "koppi-contract/koppi/casework/v1/casework_pb";
import { EmergencyReason, ReviewVerdict } from "koppi-contract/koppi/casework/v1/people_pb";
import { LegalGroundSchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { day } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { listed, wordFor } from "./did";

export const grounds = [
  "LEGAL_GROUND_CLIENT_CONSENT", "LEGAL_GROUND_STATUTORY_NOTIFICATION", "LEGAL_GROUND_STATUTORY_ACCESS", "LEGAL_GROUND_NO_PERSONAL_DATA",
] as const;

// The words of an emergency's reason and of its review.
export const reasons = ["LIFE_OR_HEALTH", "STANDING_IN", "CLIENT_PRESENT"] as const;
export const verdicts = ["UNSPECIFIED", "JUSTIFIED", "NOT_JUSTIFIED"] as const;
export interface Emergency { reason: (typeof reasons)[number]; verdict: (typeof verdicts)[number] }

// Accesses by the same people on one day for the same reason are one entry.
export interface Act { word: string; grounds: Ground[]; times: Date[]; emergency?: Emergency }
export interface Ground { ground: string; provision: string }
// A worker whose name is withheld for safety is named by the unit.
export interface Group { who: "client" | "system" | Party; withheld: boolean; acts: Act[] }
export interface Day { date: string; groups: Group[] }

const own = (method: string) => (/\/(Get|List|Read)/.test(method) ? "you_read" : "you_changed");

const emergencyOf = ({ emergencyReason, verdict }: Access): Emergency | undefined => (emergencyReason ? {
  reason: EmergencyReason[emergencyReason] as Emergency["reason"], verdict: ReviewVerdict[verdict] as Emergency["verdict"],
} : undefined);

// daysOf groups accesses, the latest first, by day and by person.
export function daysOf(accesses: Access[]): Day[] {
  const days = new Map<string, Map<string, Group>>();
  for (const access of accesses) {
    const at = dateOf(access.at);
    if (!at) continue;
    const groups = days.get(day(at)) ?? new Map<string, Group>();
    days.set(day(at), groups);
    const who = access.byClient ? "client" : access.by?.agency ? access.by : "system";
    // The client is shown no key of a worker: who has no name is the unit.
    const withheld = access.nameWithheld, key = typeof who === "string" ? who : [who.agency, who.unit, who.displayName, withheld].join("/");
    const group = groups.get(key) ?? { who, withheld, acts: [] };
    groups.set(key, group);
    const word = access.byClient ? own(access.method) : wordFor(access.method);
    const grounds = !access.byClient && access.basis?.ground
      ? [{ ground: nameOf(LegalGroundSchema, access.basis.ground), provision: access.basis.provision }] : [];
    const isGround = (one: Ground) => (its: Ground) => its.ground === one.ground && its.provision === one.provision;
    const same = (act: Act) => grounds.every((one) => act.grounds.some(isGround(one)));
    // A worklist is one entry a day, whatever the grounds of the matters in it.
    const emergency = emergencyOf(access), alike = (one: Act) =>
      one.word === word && one.emergency?.reason === emergency?.reason && one.emergency?.verdict === emergency?.verdict;
    const act = group.acts.find((one) => alike(one) && (word === listed || (one.grounds.length === grounds.length && same(one))));
    if (!act) group.acts.push({ word, grounds, times: [at], emergency });
    else {
      act.times.push(at);
      if (!same(act)) act.grounds.push(...grounds);
    }
  }
  return [...days].map(([date, groups]) => ({ date, groups: [...groups.values()] }));
}
