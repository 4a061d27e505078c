import { useNavigate } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { useReadOnly } from "../../ui/emergency";
import type { Entry } from "./more";

export const beginnings = ["consultation", "referral", "plan"] as const;

// useBeginnings begins a new matter from this one: about the same client, in the same case. A matter that is
// read in an emergency begins nothing.
export function useBeginnings(subject: string, matter: Parameters<typeof useReadOnly>[0]): Entry[] {
  const t = useTexts("matter"), { role } = usePerson(), navigate = useNavigate(), readOnly = useReadOnly(matter);
  if (role === "client" || role === "operator" || readOnly) return [];
  return beginnings.map((what) => ({
    key: what, text: t(`begin_${what}`), data: { "data-begin": what },
    choose: () => void navigate({ to: "/new/$what", params: { what }, search: { from: subject } }),
  }));
}
