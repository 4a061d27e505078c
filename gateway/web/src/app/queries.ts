import { QueryClient } from "@tanstack/react-query";

import { refusalOf, unreachable } from "./refusal";
import { notifyTabs, sessionKey } from "./tabs";
import { ended } from "./transport";

// Watch keeps the data up to date; it is read again after a lost connection or when the page is
// visible again. A read of a matter is recorded, so nothing is read again merely because time has
// passed.
export const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false,
      retry: (failures, error) => failures < 2 && refusalOf(error).reason === unreachable,
    },
    mutations: { retry: false },
  },
});

// readAgain reads a query again. A first reading that is under way may lack the latest change, and a
// second one would be the same request: it waits for the first.
export async function readAgain(query: { isPending: boolean; refetch: () => Promise<unknown> }) {
  if (query.isPending) await query.refetch();
  await query.refetch();
}

// The session has ended: the page reads again who is signed in, shows where to sign in, and keeps
// the drafts.
ended.addEventListener("ended", () => {
  notifyTabs("changed");
  void queries.invalidateQueries({ queryKey: sessionKey });
});
