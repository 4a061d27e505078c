import { useTexts } from "../app/language";

// Languages in which somebody serves, by their tags: the national ones and English, Northern
// Sámi, and Finnish sign language.
export const spoken = ["fi", "sv", "en", "se", "fse"] as const;

// useLanguageNames says languages by their names; one that is not among them, by its tag.
export function useLanguageNames() {
  const t = useTexts("reachability");
  return (tags: string[]) =>
    tags.map((tag) => { const known = spoken.find((one) => one === tag); return known ? t(`language_${known}`) : tag; }).join(", ");
}
