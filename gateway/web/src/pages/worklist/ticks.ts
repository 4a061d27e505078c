import { useRef, useState } from "react";

// Ticks are the matters of a list that the worker has ticked.
export interface Ticks {
  all: string[];
  has: (subject: string) => boolean;
  // toggle changes one tick; through ticks all from the one before up to this one.
  toggle: (subject: string, through?: boolean) => void;
  // set ticks these alone; drop takes the ticks of these away.
  set: (subjects: string[]) => void;
  drop: (subjects: string[]) => void;
}

// useTicks keeps the ticks of the list's present matters, given in the order of the page; a matter that leaves
// the list loses its tick.
export function useTicks(present: string[]): Ticks {
  const [ticked, setTicked] = useState<string[]>([]), last = useRef<string>(undefined);
  const all = present.filter((subject) => ticked.includes(subject));
  return {
    all,
    has: (subject) => ticked.includes(subject),
    toggle: (subject, through = false) => {
      const from = last.current === undefined ? -1 : present.indexOf(last.current), to = present.indexOf(subject);
      last.current = subject;
      if (through && from >= 0 && to >= 0) {
        const between = present.slice(Math.min(from, to), Math.max(from, to) + 1);
        setTicked((before) => [...new Set([...before, ...between])]);
        return;
      }
      setTicked((before) => (before.includes(subject) ? before.filter((one) => one !== subject) : [...before, subject]));
    },
    set: setTicked,
    drop: (subjects) => setTicked((before) => before.filter((one) => !subjects.includes(one))),
  };
}
