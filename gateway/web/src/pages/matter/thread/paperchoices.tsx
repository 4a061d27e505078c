import { Checkbox, CheckboxGroup } from "suomifi-ui-components";

import { useTexts } from "../../../app/language";
import type { Drawn } from "../../../ui/form/fields";
import { begun, usePapers } from "../../../ui/papers";
import "./thread.css";

interface Props extends Drawn { label: string; hint?: string; without?: string[] }

// PaperChoices chooses kinds of documents by name.
export function PaperChoices({ id, value, wrong, change, label, hint, without = [] }: Props) {
  const form = useTexts("form"), { kinds, name } = usePapers(), chosen = (value as string[] | undefined) ?? [];
  const shown = kinds.filter((kind) => !without.includes(kind));
  if (!shown.length) return null;
  return (
    <div className="paper-choices" id={id} tabIndex={-1}>
      <CheckboxGroup labelText={<>{label} <span className="quiet">({form("optional")})</span></>} groupHintText={hint}
        groupStatus={wrong ? "error" : undefined} groupStatusText={wrong}>
        {shown.map((kind) => <Checkbox key={kind} value={kind} checked={chosen.includes(kind)} onClick={({ checkboxState }) =>
          change(kinds.filter((one) => (one === kind ? checkboxState : chosen.includes(one))))}>{begun(name(kind))}</Checkbox>)}
      </CheckboxGroup>
    </div>
  );
}
