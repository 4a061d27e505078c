import { useTexts } from "../app/language";

// The acts on which due times rest, by their usual abbreviations.
const acts: Record<string, string> = { "1301/2014": "act_welfare", "1412/1997": "act_assistance", "434/2003": "act_procedure" };

// useProvision returns a function that writes a provision as officials do: "SHL 36 § 2 mom." for
// "1301/2014 § 36.2". An act without an abbreviation keeps its number; text that is not a single
// provision is unchanged.
export function useProvision() {
  const t = useTexts("shell");
  return (provision: string) => {
    const [, number, section, part] = /^(\d+\/\d{4}) § (\d+(?: [a-z])?)(?:\.(\d+))?$/.exec(provision) ?? [];
    if (!number) return provision;
    const key = acts[number], act = key ? t(key) : number;
    return part ? t("provision_part", { act, section, part }) : t("provision", { act, section });
  };
}
