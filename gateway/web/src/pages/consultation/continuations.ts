import { useNavigate } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import { useReadOnly } from "../../ui/emergency";
import type { Entry } from "../matter/more";

export const continuations = ["concern", "referral", "plan"] as const;

// useContinuations begins what a consultation can lead to; one that is read in an emergency leads to nothing.
export function useContinuations(subject: string, consultation: Parameters<typeof useReadOnly>[0]): Entry[] {
  const t = useTexts("consultation"), navigate = useNavigate(), readOnly = useReadOnly(consultation);
  if (readOnly) return [];
  return continuations.map((what) => ({
    key: what, text: t(`continue_${what}`), data: { "data-begin": what },
    choose: () => void navigate({ to: "/new/$what", params: { what }, search: { from: subject } }),
  }));
}
