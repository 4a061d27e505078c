import { useTexts } from "../app/language";

// The acts on which due times rest: people call them by a name.
const acts: Record<string, string> = { "1301/2014": "act_welfare", "1412/1997": "act_assistance", "434/2003": "act_procedure" };

// useProvision says a provision of the contract as officials write it: "SHL 36 § 2 mom." of
// "1301/2014 § 36.2". An act without a name here stays a number; what is no single provision
// stays as it came.
export function useProvision() {
  const t = useTexts("shell");
  return (provision: string) => {
    const [, number, section, part] = /^(\d+\/\d{4}) § (\d+(?: [a-z])?)(?:\.(\d+))?$/.exec(provision) ?? [];
    if (!number) return provision;
    const key = acts[number], act = key ? t(key) : number;
    return part ? t("provision_part", { act, section, part }) : t("provision", { act, section });
  };
}
