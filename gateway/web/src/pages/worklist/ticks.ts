import { useState } from "react";

// Ticks are the matters of a list that the worker has ticked.
export interface Ticks {
  all: string[];
  has: (subject: string) => boolean;
  toggle: (subject: string) => void;
  // set ticks these alone.
  set: (subjects: string[]) => void;
}

// useTicks keeps the ticks of the list's present matters; a matter that leaves the list loses its tick.
export function useTicks(present: string[]): Ticks {
  const [ticked, setTicked] = useState<string[]>([]);
  const all = present.filter((subject) => ticked.includes(subject));
  return {
    all,
    has: (subject) => ticked.includes(subject),
    toggle: (subject) => setTicked((before) => (before.includes(subject) ? before.filter((one) => one !== subject) : [...before, subject])),
    set: setTicked,
  };
}
