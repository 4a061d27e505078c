import { useLanguage, useTexts } from "../app/language";

// Tags of the languages of service: the national ones, English, Northern Sámi and Finnish sign
// language.
export const spoken = ["fi", "sv", "en", "se", "fse"] as const;

// useLanguageNames returns a function that names languages; a language that is not in the list
// keeps its tag.
export function useLanguageNames() {
  const t = useTexts("reachability");
  return (tags: string[]) =>
    tags.map((tag) => { const known = spoken.find((one) => one === tag); return known ? t(`language_${known}`) : tag; }).join(", ");
}

// useLanguageName returns a function that names any language in the reader's language.
export function useLanguageName() {
  const [language] = useLanguage(), names = new Intl.DisplayNames([language], { type: "language" });
  return (tag: string) => (tag && names.of(tag)) || tag;
}
