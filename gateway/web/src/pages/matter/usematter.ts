import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";

import { useChanges } from "../../app/live";

// useMatter reads a matter when it is opened, and again when it has changed, here or
// elsewhere: what changed while it was not open nobody told.
export function useMatter<I extends DescMessage, O extends DescMessage>(
  subject: string, method: DescMethodUnary<I, O>, request: MessageInitShape<I>,
) {
  const queries = useQueryClient(), query = useQuery(method, request, { refetchOnMount: "always" });
  useChanges((change) => { if (change === "missed" || change.subject === subject) void query.refetch(); });
  const changed = () => {
    void query.refetch();
    // The lists show where it stands; Watch tells others, and this page at once.
    void queries.invalidateQueries({ queryKey: ["work"] });
  };
  return { ...query, changed };
}
