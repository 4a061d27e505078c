import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { dateOf, useNow } from "../app/clock";
import { usePerson } from "../app/session";

// useEmergency returns the user's own emergency reading of a client, until it ends.
export function useEmergency(clientId: string | undefined) {
  const { worker, role } = usePerson(), now = useNow();
  const { data } = useQuery(CaseworkService.method.listEmergencyReadings, { pageSize: 1000 }, {
    enabled: Boolean(clientId && worker) && role !== "operator", refetchOnMount: "always", retry: false,
  });
  return data?.readings.find((one) => {
    const until = dateOf(one.until);
    return one.clientId === clientId && one.by?.worker === worker && until !== undefined && until > now;
  });
}

// Read is what is common to matters: whom it concerns, and which steps it allows the reader.
interface Read { clientId: string; availableActions: string[] }

// useReadOnly returns the emergency reading by which the user reads a matter. Such a matter allows no step.
export function useReadOnly(matter: Read | undefined) {
  return useEmergency(matter && !matter.availableActions.length ? matter.clientId : undefined);
}
