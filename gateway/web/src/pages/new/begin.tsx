import { useNavigate } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import type { Field } from "../../ui/form/fields";
import type { Kind } from "../../ui/names";
import type { Origin } from "./origin";

// The input of each form: the matter that the new one follows from, if any.
export interface Beginning { origin?: Origin }

// A new matter and one that follows from another have separate drafts.
export const draftOf = (what: string, origin?: Origin) => ["new", what, origin?.subject.replace("/", "-")].filter(Boolean).join("-");

// section is a heading between the fields.
export const section = (name: SectionName): Field => ({
  kind: "drawn", name: `section-${name}`, label: `section_${name}`, draw: () => <Section name={name} />,
});

export const sections = ["ground", "client", "receiver", "content"] as const;
type SectionName = (typeof sections)[number];

function Section({ name }: { name: SectionName }) {
  const t = useTexts("new");
  return <h2 className={`section section-${name}`}>{t(`section_${name}`)}</h2>;
}

// useArrived opens the new matter among the sent ones, with its first phase marked.
export function useArrived() {
  const navigate = useNavigate();
  return (list: "sent" | "consultations" | "plans", kind: Kind, id: string) =>
    void navigate({ to: `/${list}/$kind/$id`, params: { kind, id }, search: {} });
}
