import { createContext } from "react";

// StepPlace is where a matter shows the form of the chosen step, and which step is chosen: one on the
// page at a time. A step on a part of the matter, which has a form beside that part, is chosen by
// "AssessGoal <goal>".
export interface Chosen { place: HTMLElement | null; chosen?: string; choose: (step: string | undefined) => void }

export const StepPlace = createContext<Chosen>({ place: null, choose: () => undefined });
