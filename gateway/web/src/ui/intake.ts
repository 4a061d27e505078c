import { SupportLevel, type FourField, type Guidance } from "koppi-contract/koppi/concern/v1/intake_pb";
import { addTexts, useTexts } from "../app/language";
import texts from "../texts/intake.json";
import { useDirectory } from "./party";

addTexts("intake", texts);

// The places in the four-field: how much support, and how difficult it is to seek and get it.
export const cells = ["LOW_LOW", "HIGH_LOW", "LOW_HIGH", "HIGH_HIGH"] as const;
export type Cell = (typeof cells)[number];

const levelOf = (level: SupportLevel) => (level === SupportLevel.HIGH ? "HIGH" : "LOW");

// cellOf is the place of a four-field, if it has both axes.
export const cellOf = (field?: FourField): Cell | undefined =>
  (field?.support && field.difficulty ? `${levelOf(field.support)}_${levelOf(field.difficulty)}` : undefined);

// useFourField returns a function that says a four-field in words.
export function useFourField() {
  const t = useTexts("intake");
  return (field?: FourField) => { const cell = cellOf(field); return cell ? t(`fourField_${cell}`) : ""; };
}

// useGuided returns a function that says where a client was guided, and what for.
export function useGuided() {
  const t = useTexts("intake"), { agency, unit } = useDirectory();
  const target = ({ to }: Guidance) => {
    if (to.case === "organisation") return to.value;
    if (to.case !== "party") return "";
    return [agency(to.value.agency), to.value.unit && unit(to.value.agency, to.value.unit)].filter(Boolean).join(", ");
  };
  return (guidance: Guidance) => t("guided", { to: target(guidance), what: guidance.what });
}
