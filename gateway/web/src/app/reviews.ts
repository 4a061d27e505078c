import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { EmergencyReading } from "koppi-contract/koppi/casework/v1/people_pb";
import { queries } from "./queries";
import type { Person } from "./session";

// An emergency reading is announced to nobody: who leads a unit asks as often.
const every = 300_000;
const most = 1000;

const { listEmergencyReadings } = CaseworkService.method;

// useUnreviewed returns the emergency readings that nobody has reviewed yet: the user's own, and those that
// the user may review. The menu asks for a team leader alone.
export const useUnreviewed = (enabled = true) =>
  useQuery(listEmergencyReadings, { unreviewedOnly: true, pageSize: most }, { enabled, refetchInterval: every, staleTime: 20_000 });

export const isOwn = ({ by }: EmergencyReading, person: Person) => by?.worker === person.worker;

// useReviewCount counts what a team leader has to review; undefined for others.
export function useReviewCount(person: Person): number | undefined {
  const leads = person.role === "team_leader", { data } = useUnreviewed(leads);
  return leads ? data?.readings.filter((one) => !isOwn(one, person)).length : undefined;
}

// readReviewsAgain reads all lists of emergency readings again after a review.
export const readReviewsAgain = () =>
  queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: listEmergencyReadings, cardinality: "finite" }) });
