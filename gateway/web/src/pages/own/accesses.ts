import type { Access } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGroundSchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { day } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { listed, wordFor } from "./did";

export const grounds = [
  "LEGAL_GROUND_CLIENT_CONSENT", "LEGAL_GROUND_STATUTORY_NOTIFICATION", "LEGAL_GROUND_STATUTORY_ACCESS", "LEGAL_GROUND_NO_PERSONAL_DATA",
] as const;

// Accesses by the same people on one day for the same reason are one entry.
export interface Act { word: string; grounds: Ground[]; times: Date[] }
export interface Ground { ground: string; provision: string }
export interface Group { who: "client" | "system" | Party; acts: Act[] }
export interface Day { date: string; groups: Group[] }

const own = (method: string) => (/\/(Get|List|Read)/.test(method) ? "you_read" : "you_changed");

// daysOf groups accesses, the latest first, by day and by person.
export function daysOf(accesses: Access[]): Day[] {
  const days = new Map<string, Map<string, Group>>();
  for (const access of accesses) {
    const at = dateOf(access.at);
    if (!at) continue;
    const groups = days.get(day(at)) ?? new Map<string, Group>();
    days.set(day(at), groups);
    const who = access.byClient ? "client" : access.by?.agency ? access.by : "system";
    const key = typeof who === "string" ? who : `${who.agency}/${who.unit}`;
    const group = groups.get(key) ?? { who, acts: [] };
    groups.set(key, group);
    const word = access.byClient ? own(access.method) : wordFor(access.method);
    const grounds = !access.byClient && access.basis?.ground
      ? [{ ground: nameOf(LegalGroundSchema, access.basis.ground), provision: access.basis.provision }] : [];
    const isGround = (one: Ground) => (its: Ground) => its.ground === one.ground && its.provision === one.provision;
    const same = (act: Act) => grounds.every((one) => act.grounds.some(isGround(one)));
    // A worklist is one entry a day, whatever the grounds of the matters in it.
    const act = group.acts.find((one) => one.word === word && (word === listed || (one.grounds.length === grounds.length && same(one))));
    if (!act) group.acts.push({ word, grounds, times: [at] });
    else {
      act.times.push(at);
      if (!same(act)) act.grounds.push(...grounds);
    }
  }
  return [...days].map(([date, groups]) => ({ date, groups: [...groups.values()] }));
}
