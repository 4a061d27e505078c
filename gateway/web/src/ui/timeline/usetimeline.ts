import { createClient } from "@connectrpc/connect";
import { useQuery } from "@tanstack/react-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { CaseMessage } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { useChanges } from "../../app/live";
import { readAgain } from "../../app/queries";
import { usePerson } from "../../app/session";
import { binaryTransport } from "../../app/transport";

// The timeline of a case, or of a client for a purpose that is recorded with the reading.
export type TimelineOf = { caseId: string } | { clientId: string; purpose: string };

const pageSize = 500;

async function readAll(of: TimelineOf): Promise<CaseMessage[]> {
  const casework = createClient(CaseworkService, binaryTransport), messages: CaseMessage[] = [];
  for (let pageToken = ""; ;) {
    const page = await casework.getTimeline({ ...of, pageSize, pageToken });
    messages.push(...page.messages);
    if (!page.nextPageToken) return messages;
    pageToken = page.nextPageToken;
  }
}

// useTimeline reads the events, the newest last, and again when one of the matters has changed.
// `also` is a matter whose change may be the first of this timeline.
export function useTimeline(of: TimelineOf, also?: string) {
  const { agency, worker } = usePerson();
  const query = useQuery({ queryKey: ["timeline", agency, worker, of], queryFn: () => readAll(of), refetchOnMount: "always" });
  useChanges((change) => {
    if (change === "missed" || change.subject === also || query.isPending || query.data?.some(({ subject }) =>
      subject === change.subject)) void readAgain(query);
  });
  return query;
}
