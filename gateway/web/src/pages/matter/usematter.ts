import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";

import { useChanges } from "../../app/live";
import { readAgain } from "../../app/queries";

// useMatter reads a matter when it is opened, and again when it has changed, here or elsewhere: no
// change is delivered while it is not open.
export function useMatter<I extends DescMessage, O extends DescMessage>(
  subject: string, method: DescMethodUnary<I, O>, request: MessageInitShape<I>,
) {
  const queries = useQueryClient(), query = useQuery(method, request, { refetchOnMount: "always" });
  useChanges((change) => { if (change === "missed" || change.subject === subject) void readAgain(query); });
  const changed = () => {
    void readAgain(query);
    // The lists show its state; Watch informs others, and this page at once.
    void queries.invalidateQueries({ queryKey: ["work"] });
  };
  return { ...query, changed };
}
