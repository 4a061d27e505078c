import { createContext } from "react";

// StepPlace is where a matter shows the form of the chosen step, and which step is chosen: one on the
// page at a time. A step on a part of the matter, which has a form beside that part, is chosen by
// "AssessGoal <goal>".
// A step that was chosen instead of another says why: a key of the step's texts.
export interface Chosen {
  place: HTMLElement | null; chosen?: string; why?: string; choose: (step: string | undefined, why?: string) => void;
}

export const StepPlace = createContext<Chosen>({ place: null, choose: () => undefined });
