import { Checkbox, CheckboxGroup } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import type { Drawn } from "../../ui/form/fields";

export const attestations = ["unobtainable", "unable", "child"] as const;

// Attestations are the statements of an official who reports without consent (1301/2014 § 35.2).
function Group({ id, value, change, wrong }: Drawn) {
  const t = useTexts("new"), chosen = (value as string[] | undefined) ?? [];
  return (
    <div id={id} tabIndex={-1}>
      <CheckboxGroup labelText={t("attestation")} groupHintText={t("attestationHint")} groupStatus={wrong ? "error" : undefined}
        groupStatusText={wrong}>
        {attestations.map((one) => <Checkbox key={one} value={one} checked={chosen.includes(one)} onClick={({ checkboxState }) =>
          change(checkboxState ? [...chosen, one] : chosen.filter((other) => other !== one))}>{t(`attest_${one}`)}</Checkbox>)}
      </CheckboxGroup>
    </div>
  );
}

export const Attestations = (drawn: Drawn) => <Group {...drawn} />;
