import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

import { isolated } from "../ui/direction";
import shell from "../texts/shell.json";
import words from "../texts/words.json";

// One file of texts for each page, with all languages side by side. Pages that load later bring
// their texts: each calls addTexts.
export const languages = ["fi", "sv", "en"] as const;
export type Language = (typeof languages)[number];
export type Texts = Record<Language, Record<string, string>>;

const kept = "language";

const resources: Record<Language, Record<string, Record<string, string>>> = { fi: {}, sv: {}, en: {} };

export function addTexts(page: string, texts: Texts) {
  for (const language of languages) {
    resources[language][page] = texts[language];
    if (i18next.isInitialized) i18next.addResourceBundle(language, page, texts[language], true, true);
  }
}

// A sentence that ends with a date as people say it, "ma 30.11.", has one full stop.
const oneStop = {
  type: "postProcessor" as const, name: "oneStop", process: (text: string) => text.replace(/(\d\.)\.(?!\.)/g, "$1"),
};

export function startTexts() {
  for (const [page, texts] of Object.entries({ shell, words })) addTexts(page, texts);
  const preferred = localStorage.getItem(kept) ?? navigator.language.slice(0, 2);
  const lng = languages.find((language) => language === preferred) ?? "fi";
  void i18next.use(initReactI18next).use(oneStop).init({
    lng, fallbackLng: false, postProcess: oneStop.name, interpolation: { escapeValue: true, escape: isolated }, resources,
    initAsync: false, returnNull: false, react: { bindI18nStore: "added" },
  });
  // Nothing is refused before the page is shown: these texts follow it. Without them, as on a line that
  // was just cut, a refusal shows the service's own message.
  void import("../texts/refusals.json").then(({ default: refusals }) => addTexts("refusals", refusals), () => undefined);
  document.documentElement.lang = lng;
}

export function useLanguage(): [Language, (language: Language) => void] {
  const { i18n } = useTranslation();
  return [i18n.language as Language, (language) => {
    localStorage.setItem(kept, language);
    document.documentElement.lang = language;
    void i18n.changeLanguage(language);
  }];
}

// useTexts returns a function for a page's texts by key: t("title").
export const useTexts = (page: string) => useTranslation(page).t;

// useWords returns a function for names of the contract: word("LOOP_PHASE_SENT"),
// word("benefit_handler").
export const useWords = () => {
  const { t } = useTranslation("words");
  return (name: string) => t(name);
};
