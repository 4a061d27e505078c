import { useNavigate } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import type { Entry } from "./more";

export const beginnings = ["consultation", "referral", "plan"] as const;

// useBeginnings begins a new matter from this one: about the same client, in the same case.
export function useBeginnings(subject: string): Entry[] {
  const t = useTexts("matter"), { role } = usePerson(), navigate = useNavigate();
  if (role === "client" || role === "operator") return [];
  return beginnings.map((what) => ({
    key: what, text: t(`begin_${what}`), data: { "data-begin": what },
    choose: () => void navigate({ to: "/new/$what", params: { what }, search: { from: subject } }),
  }));
}
