import { Checkbox, CheckboxGroup } from "suomifi-ui-components";

import { useLanguage, useTexts } from "../../app/language";
import type { Drawn } from "../form/fields";
import type { Chosen } from "./value";

interface Props extends Drawn { chosen: Chosen }

// Statements are what an official attests without consent: one of each group.
function Statements({ id, value, change, wrong, chosen }: Props) {
  const t = useTexts("ground"), [language] = useLanguage(), ticked = (value as string[] | undefined) ?? [];
  const heading = (index: number, several: boolean) =>
    (index > 0 ? t(several ? "alsoOne" : "also") : t(several ? "attestOne" : "attestation"));
  return (
    <div id={id} tabIndex={-1} className="attestations">
      {chosen.attest.map((group, index) => (
        <CheckboxGroup key={group.map(({ field }) => field).join()} labelText={heading(index, group.length > 1)}
          groupStatus={wrong ? "error" : undefined} groupStatusText={index === chosen.attest.length - 1 ? wrong : undefined}>
          {group.map(({ field, names }) => <Checkbox key={field} value={field} checked={ticked.includes(field)}
            onClick={({ checkboxState }) => change(checkboxState ? [...ticked, field] : ticked.filter((one) => one !== field))}>
            {names[language] ?? names.fi}
          </Checkbox>)}
        </CheckboxGroup>
      ))}
    </div>
  );
}

export const Attestations = (drawn: Props) => <Statements {...drawn} />;
