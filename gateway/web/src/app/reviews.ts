import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";
import { useState } from "react";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { EmergencyReading } from "koppi-contract/koppi/casework/v1/people_pb";
import { useOwnUnit } from "../ui/ownunit";
import { queries } from "./queries";
import type { Person } from "./session";

// An emergency reading is announced to nobody: who leads a unit asks this often.
const every = 300_000;
const most = 1000;

const { listEmergencyReadings } = CaseworkService.method;

// useUnreviewed returns the emergency readings that nobody has reviewed yet: the user's own, and those that
// the user may review. Who leads no unit asks once.
export const useUnreviewed = (often = true) => useQuery(
  listEmergencyReadings, { unreviewedOnly: true, pageSize: most }, { refetchInterval: often && every, staleTime: 20_000 },
);

export const isOwn = ({ by }: EmergencyReading, person: Person) => by?.worker === person.worker;

// useReviewCount counts what the user has to review, by role or by a colleague record. The server gives others'
// readings only to who leads their unit, so whoever has some leads a unit, be it another than the own one.
export function useReviewCount(person: Person): number {
  const { leads } = useOwnUnit(person), [elsewhere, foundElsewhere] = useState(false), { data } = useUnreviewed(leads || elsewhere);
  const count = data?.readings.filter((one) => !isOwn(one, person)).length ?? 0;
  if (count > 0 && !elsewhere) foundElsewhere(true);
  return count;
}

// readReviewsAgain reads all lists of emergency readings again after a review.
export const readReviewsAgain = () =>
  queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: listEmergencyReadings, cardinality: "finite" }) });
