import { useQuery } from "@connectrpc/connect-query";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useAgain } from "./reading";

// useDirectives reads the client's consents, in matters and in advance, and prohibitions.
export function useDirectives() {
  const consents = useQuery(ConsentService.method.listConsents, {}), directives = useQuery(ConsentService.method.listWishes, {});
  const readAt = Math.min(consents.dataUpdatedAt, directives.dataUpdatedAt);
  const again = () => { void consents.refetch(); void directives.refetch(); };
  useAgain(readAt, again);
  return {
    consents: consents.data?.consents ?? [], directives: directives.data?.wishes, loading: consents.isPending || directives.isPending,
    error: consents.error ?? directives.error, readAt, again,
  };
}
