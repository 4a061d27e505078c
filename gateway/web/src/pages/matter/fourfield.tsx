import { RadioButton, RadioButtonGroup } from "suomifi-ui-components";

import { SupportLevel } from "koppi-contract/koppi/concern/v1/intake_pb";
import { useTexts } from "../../app/language";
import { useDefinitions } from "../../ui/definitions";
import type { Drawn, Values } from "../../ui/form/fields";
import { cells, usePlaces, type Cell } from "../../ui/intake";

// proposed is the need of support that each place of the four-field proposes.
export const proposed: Record<Cell, string> = {
  LOW_LOW: "SUPPORT_NEED_LIGHT", HIGH_LOW: "SUPPORT_NEED_NETWORK",
  LOW_HIGH: "SUPPORT_NEED_SPECIAL_NOT_ENGAGED", HIGH_HIGH: "SUPPORT_NEED_SPECIAL",
};

// FourFieldInput asks for the client's place in the four-field. It proposes a need of support, unless the
// worker has chosen another.
export function FourFieldInput({ id, values, value, set, wrong, needs }: Drawn & { needs: string[] }) {
  const t = useTexts("matter"), places = usePlaces(), { need: called } = useDefinitions();
  const choose = (cell: string) => {
    const before = proposed[value as Cell], need = proposed[cell as Cell];
    set("fourField", cell);
    if ((!values.supportNeed || values.supportNeed === before) && needs.includes(need)) set("supportNeed", need);
  };
  return (
    <RadioButtonGroup id={id} name={id} labelText={t("fourField")} groupHintText={t("fourFieldHint")} value={String(value ?? "")}
      onChange={choose} className="four-field" groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
      {cells.map((cell) => (
        <RadioButton key={cell} value={cell} hintText={t("fourFieldProposes", { need: called(proposed[cell]) })}>
          {places(cell).map((line) => <span key={line} className="axis">{line}</span>)}
        </RadioButton>
      ))}
    </RadioButtonGroup>
  );
}

const level = (part: string | undefined) => (part === "HIGH" ? SupportLevel.HIGH : SupportLevel.LOW);

// fourFieldOf is the part of a request: both axes, or none.
export function fourFieldOf({ fourField }: Values) {
  const [support, difficulty] = String(fourField ?? "").split("_");
  return difficulty ? { support: level(support), difficulty: level(difficulty) } : undefined;
}
