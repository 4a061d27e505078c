import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { refusalOf, sessionEnded, unreachable } from "./refusal";
import { sessionKey } from "./session";

// An answer that nobody is signed in any more asks anew who is: the page then shows where
// one can sign in, and keeps what was typed.
const onError = (error: unknown) => {
  if (sessionEnded(error)) void queries.invalidateQueries({ queryKey: sessionKey });
};

// What is shown is kept up to date by Watch, and looked at again when the line has been
// down or the page comes back into view. A read is a recorded reading of somebody's
// matter, so nothing is read again merely because time has passed.
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: (failures, error) => failures < 2 && refusalOf(error).reason === unreachable },
    mutations: { retry: false },
  },
});
