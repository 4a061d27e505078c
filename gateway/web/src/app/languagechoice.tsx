import { languages, useLanguage, useTexts, type Language } from "./language";

// Each language by its own name, for readers of no other.
const names: Record<Language, string> = { fi: "Suomi", sv: "Svenska", en: "English" };

export function LanguageChoice() {
  const [language, setLanguage] = useLanguage(), t = useTexts("shell");
  return (
    <div className="languages" role="group" aria-label={t("language")}>
      {languages.map((one) => (
        <button key={one} type="button" className="plain" lang={one} aria-pressed={one === language} onClick={() => setLanguage(one)}
          title={names[one]}>
          <span aria-hidden="true">{one.toUpperCase()}</span><span className="hidden">{names[one]}</span>
        </button>
      ))}
    </div>
  );
}
