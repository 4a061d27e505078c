import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Absence, Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { queries } from "../app/queries";
import { onDay } from "./dates";

// No change of people is announced: what is older than this is read again when it is shown.
const fresh = 20_000;

// useColleagues returns the people of the user's agency, by name.
export function useColleagues(includeLeft = false) {
  const { data, error, isLoading } = useQuery(CaseworkService.method.listColleagues, { includeLeft }, { staleTime: fresh });
  return { colleagues: data?.colleagues ?? [], error, isLoading };
}

// readPeopleAgain reads what is shown of people again after a change.
export async function readPeopleAgain() {
  const { listColleagues, getRoster } = CaseworkService.method;
  await Promise.all([
    queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: listColleagues, cardinality: "finite" }) }),
    queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: getRoster, cardinality: "finite" }) }),
  ]);
}

// nameOfColleague is what a colleague is called: the key if there is no name.
export const nameOfColleague = ({ name, party }: Colleague) => name || (party?.worker ?? "");

// titleOf is a colleague's title in a language, else in another.
export const titleOf = ({ titles }: Colleague, language: string) =>
  (titles.find((one) => one.language === language) ?? titles.find((one) => one.language === "fi") ?? titles[0])?.text ?? "";

type Said = [key: string, values: Record<string, string>];

// absenceText says an absence to t of the people's texts: until when, or, if it is still ahead, on which days.
export const absenceText = (absence: Absence, today: string): Said =>
  (absence.from <= today ? ["awayUntil", { to: onDay(absence.to) }] : absenceDays(absence));

// absenceDays says the days of an absence in the same way.
export const absenceDays = ({ from, to }: Absence): Said =>
  (from === to ? ["awayOn", { day: onDay(from) }] : ["awayFrom", { from: onDay(from), to: onDay(to) }]);
