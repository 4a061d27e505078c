import { useNavigate } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import type { Entry } from "../matter/more";

export const continuations = ["concern", "referral", "plan"] as const;

// useContinuations begins what a consultation can lead to.
export function useContinuations(subject: string): Entry[] {
  const t = useTexts("consultation"), navigate = useNavigate();
  return continuations.map((what) => ({
    key: what, text: t(`continue_${what}`), data: { "data-begin": what },
    choose: () => void navigate({ to: "/new/$what", params: { what }, search: { from: subject } }),
  }));
}
