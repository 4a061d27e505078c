import type { Access } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGroundSchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { day } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { wordFor } from "./did";

export const grounds = [
  "LEGAL_GROUND_CLIENT_CONSENT", "LEGAL_GROUND_STATUTORY_NOTIFICATION", "LEGAL_GROUND_STATUTORY_ACCESS", "LEGAL_GROUND_NO_PERSONAL_DATA",
] as const;

// Accesses by the same people on one day for the same reason are one entry.
export interface Act { word: string; ground: string; provision: string; times: Date[] }
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
    const ground = !access.byClient && access.basis?.ground ? nameOf(LegalGroundSchema, access.basis.ground) : "";
    const provision = ground ? access.basis!.provision : "";
    const act = group.acts.find((one) => one.word === word && one.ground === ground && one.provision === provision);
    if (act) act.times.push(at);
    else group.acts.push({ word, ground, provision, times: [at] });
  }
  return [...days].map(([date, groups]) => ({ date, groups: [...groups.values()] }));
}
