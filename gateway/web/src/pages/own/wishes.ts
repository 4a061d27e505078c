import { useQuery } from "@connectrpc/connect-query";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useAgain } from "./reading";

// useWishes reads the client's consents, in matters and in advance, and prohibitions.
export function useWishes() {
  const consents = useQuery(ConsentService.method.listConsents, {}), wishes = useQuery(ConsentService.method.listWishes, {});
  const readAt = Math.min(consents.dataUpdatedAt, wishes.dataUpdatedAt), again = () => { void consents.refetch(); void wishes.refetch(); };
  useAgain(readAt, again);
  return {
    consents: consents.data?.consents ?? [], wishes: wishes.data?.wishes, loading: consents.isPending || wishes.isPending,
    error: consents.error ?? wishes.error, readAt, again,
  };
}
