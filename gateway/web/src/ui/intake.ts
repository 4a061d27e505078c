import { SupportLevel, type FourField, type Guidance } from "koppi-contract/koppi/concern/v1/intake_pb";
import { addTexts, useTexts } from "../app/language";
import texts from "../texts/intake.json";
import { useDefinitions } from "./definitions";
import { useDirectory } from "./party";

addTexts("intake", texts);

// The places in the four-field: how much support, and how difficult it is to seek and get it.
export const cells = ["LOW_LOW", "HIGH_LOW", "LOW_HIGH", "HIGH_HIGH"] as const;
export type Cell = (typeof cells)[number];

const levelOf = (level: SupportLevel) => (level === SupportLevel.HIGH ? "HIGH" : "LOW");

// cellOf is the place of a four-field, if it has both axes.
export const cellOf = (field?: FourField): Cell | undefined =>
  (field?.support && field.difficulty ? `${levelOf(field.support)}_${levelOf(field.difficulty)}` : undefined);

// usePlaces returns a function that says a place of the four-field by the agency's axes, a line for each.
export function usePlaces() {
  const t = useTexts("intake"), { axes } = useDefinitions();
  return (cell: Cell) => {
    const [support, difficulty] = cell.split("_"), much = t(`support_${support}`), hard = t(`difficulty_${difficulty}`);
    return [`${axes.support}: ${much}`, `${axes.difficulty}: ${hard}`];
  };
}

// useFourField returns a function that says a four-field in words.
export function useFourField() {
  const places = usePlaces();
  return (field?: FourField) => { const cell = cellOf(field); return cell ? places(cell).join("; ") : ""; };
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
