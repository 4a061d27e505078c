import { useQuery } from "@connectrpc/connect-query";

import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import type { WaitingWish } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useAgain } from "./reading";

// useWaiting reads what waits for the client's confirmation.
export function useWaiting() {
  const { data, error, dataUpdatedAt, refetch } = useQuery(ConsentService.method.listWishes, {}), now = useNow();
  useAgain(dataUpdatedAt, () => void refetch());
  return { directives: data?.wishes, waits: (data?.wishes?.waiting ?? []).filter((one) => waitsFor(one, now)), error };
}

// waitsFor reports whether a directive still waits for its confirmation.
export const waitsFor = ({ decidedAt, until }: WaitingWish, now: Date) => !decidedAt && (dateOf(until)?.getTime() ?? 0) > now.getTime();

// useDirectives reads the client's consents, in matters and in advance, and prohibitions.
export function useDirectives() {
  const consents = useQuery(ConsentService.method.listConsents, {}), directives = useQuery(ConsentService.method.listWishes, {});
  const readAt = Math.min(consents.dataUpdatedAt, directives.dataUpdatedAt);
  const again = () => { void consents.refetch(); void directives.refetch(); };
  useAgain(readAt, again);
  return {
    consents: consents.data?.consents ?? [], directives: directives.data?.wishes, loading: consents.isPending || directives.isPending,
    error: consents.error ?? directives.error,
  };
}
