import { QueryClient } from "@tanstack/react-query";

import { refusalOf, unreachable } from "./refusal";
import { sessionKey, tell } from "./tabs";
import { ended } from "./transport";

// What is shown is kept up to date by Watch, and looked at again when the line has been
// down or the page comes back into view. A read is a recorded reading of somebody's
// matter, so nothing is read again merely because time has passed.
export const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false,
      retry: (failures, error) => failures < 2 && refusalOf(error).reason === unreachable,
    },
    mutations: { retry: false },
  },
});

// Nobody is signed in any more: the page asks anew who is, shows where one can sign in, and
// keeps what was typed.
ended.addEventListener("ended", () => {
  tell("changed");
  void queries.invalidateQueries({ queryKey: sessionKey });
});
