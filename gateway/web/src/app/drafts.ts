import { useCallback, useEffect, useState } from "react";

import { prefix } from "./draftstorage";
import { usePerson } from "./session";

function read<T>(key: string | undefined, empty: T): T {
  if (key === undefined) return empty;
  try {
    return { ...empty, ...JSON.parse(sessionStorage.getItem(key) ?? "{}") };
  } catch {
    return empty;
  }
}

// useDraft returns a form's draft, a function to change it, and one to remove it. A draft survives
// an error, a reload and an expired session. It stays in this tab, for one person, until it is sent
// or the person signs out. A form without a name keeps what is typed on the page alone.
export function useDraft<T extends object>(form: string | undefined, empty: T): [T, (change: Partial<T>) => void, () => void] {
  const person = usePerson();
  const key = form === undefined ? undefined : `${prefix}${person.agency} ${person.worker} ${person.role} ${form}`;
  const [draft, setDraft] = useState(() => read(key, empty));
  useEffect(() => setDraft(read(key, empty)), [key]); // another form or person
  const change = useCallback((changed: Partial<T>) => setDraft((before) => {
    const after = { ...before, ...changed };
    if (key !== undefined) sessionStorage.setItem(key, JSON.stringify(after));
    return after;
  }), [key]);
  const forget = useCallback(() => {
    if (key !== undefined) sessionStorage.removeItem(key);
    setDraft(empty);
  }, [key]);
  return [draft, change, forget];
}
