import { createClient } from "@connectrpc/connect";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";

import { DevService } from "koppi-contract/koppi/dev/v1/dev_pb";
import { useChanges } from "./live";
import { serverNow, usePerson } from "./session";
import { transport } from "./transport";

const clockKey = ["clock"];

// The domain's time when it was last read, for formats of dates.
let read: number | undefined;
export const lastNow = () => read;

// useClock returns the domain's time to the minute: the server's time, or in trial mode the trial
// clock, which may have been moved and must be read first.
export function useClock(): Date | undefined {
  const { trial } = usePerson();
  const { data, refetch } = useQuery({
    queryKey: [...clockKey, trial], refetchInterval: 60_000,
    queryFn: async () => {
      const { now } = trial ? await createClient(DevService, transport).getClock({}) : {};
      return read = now ? timestampMs(now) : serverNow();
    },
  });
  // A change may come from a moved clock, here or elsewhere.
  useChanges(() => { if (trial) void refetch(); });
  return data === undefined ? (trial ? undefined : new Date(serverNow())) : new Date(data);
}

// useNow is the same, but starts from the server's time and is corrected once the clock is read.
export const useNow = () => useClock() ?? new Date(serverNow());

export const moveClock = (seconds: number) =>
  createClient(DevService, transport).advanceClock({ target: { case: "by", value: { seconds: BigInt(seconds), nanos: 0 } } });

export const dateOf = (time: Timestamp | undefined) => (time ? new Date(timestampMs(time)) : undefined);
