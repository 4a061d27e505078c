import { useTexts } from "../app/language";

// The acts on which matters rest, by the names that people use.
const acts: Record<string, string> = {
  "1301/2014": "act_welfare", "1412/1997": "act_assistance", "434/2003": "act_procedure", "703/2023": "act_clientData",
  "1285/2016": "act_youth", "417/2007": "act_childWelfare", "621/1999": "act_openness", "1326/2010": "act_health",
};

// useProvision returns a function that writes provisions as officials do: "sosiaalihuoltolaki 36 §
// 2 mom." for "1301/2014 § 36.2". An act without a name here keeps its number; text that is not a
// provision is unchanged.
export function useProvision() {
  const t = useTexts("shell");
  const written = (provision: string) => {
    const [, number, section, part] = /^(\d+\/\d{4}) § (\d+(?: [a-z])?)(?:\.(\d+))?$/.exec(provision) ?? [];
    if (!number) return provision;
    const key = acts[number], act = key ? t(key) : number;
    return part ? t("provision_part", { act, section, part }) : t("provision", { act, section });
  };
  return (provisions: string) => provisions.split(", ").map(written).join(", ");
}
