import { useState, useSyncExternalStore } from "react";

import type { Person } from "../../app/session";
import { readPeopleAgain } from "../../ui/colleagues";
import { useOwnUnit } from "../../ui/ownunit";
import type { QueueName } from "./work";

// The session in which names are shown. The page alone knows it: it is stored nowhere, and it ends with the
// page or the session.
let shownIn: string | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

export interface Names {
  // The names of the list may be asked for.
  may: boolean;
  shown: boolean;
  show: (on: boolean) => void;
  // The server has refused them.
  refused: boolean;
  refuse: () => void;
}

// useNames is the switch of the clients' names. They are offered in the user's own queue, and in the unit's
// where the user leads it or is on duty this week. The server decides.
export function useNames(person: Person, queue: QueueName): Names {
  const wanted = useSyncExternalStore(listen, () => shownIn === person.session), { leads, onDuty } = useOwnUnit(person);
  const [refusedIn, refuseIn] = useState<QueueName>(), refused = refusedIn === queue;
  const may = !refused && (queue === "me" || (queue === "unit" && (leads || onDuty)));
  return {
    may, shown: may && wanted, refused,
    show: (on) => {
      shownIn = on ? person.session : undefined;
      listeners.forEach((listener) => listener());
    },
    // Who leads or is on duty has changed.
    refuse: () => { refuseIn(queue); void readPeopleAgain(); },
  };
}
