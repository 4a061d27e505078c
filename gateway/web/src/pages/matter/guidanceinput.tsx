import { Button, RadioButton, RadioButtonGroup, TextInput } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import type { Drawn } from "../../ui/form/fields";
import { ReceiverField } from "../../ui/form/receiver";
import { guidedIn, most, type Guided } from "./guidance";

// GuidanceInput asks where the client was guided and what for: nothing at first, and up to five entries.
export function GuidanceInput({ id, value, change, wrong }: Drawn) {
  const t = useTexts("matter"), entries = guidedIn(value);
  const put = (all: Guided[]) => change(all.length ? JSON.stringify(all) : "");
  const set = (at: number, part: Partial<Guided>) => put(entries.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return (
    <div className="guidance" id={id} tabIndex={-1} role="group" aria-labelledby={`${id}-label`}>
      <strong id={`${id}-label`}>{t("guidedTo")}</strong>
      <p className="quiet">{t("guidedToHint")}</p>
      {entries.map((one, at) => (
        <fieldset key={at} className="guided-entry">
          <legend className="hidden">{t("guidanceOf", { number: at + 1 })}</legend>
          <RadioButtonGroup name={`${id}-kind-${at}`} labelText={t("guidanceKind")} value={one.other ? "other" : "party"}
            onChange={(kind) => set(at, { other: kind === "other" })}>
            <RadioButton value="party">{t("guidanceParty")}</RadioButton>
            <RadioButton value="other">{t("guidanceOther")}</RadioButton>
          </RadioButtonGroup>
          {one.other ? <TextInput dir="auto" labelText={t("guidanceOrganisation")} value={one.organisation} fullWidth
            onChange={(organisation) => set(at, { organisation: String(organisation ?? "") })} />
            : <ReceiverField id={`${id}-to-${at}`} field={{ kind: "receiver", name: "to", label: "guidanceParty" }}
              label="" value={one.to} change={(to) => set(at, { to })} />}
          <TextInput dir="auto" labelText={t("guidanceWhat")} value={one.what} fullWidth
            onChange={(what) => set(at, { what: String(what ?? "") })} />
          <Button type="button" variant="secondaryNoBorder" aria-label={t("guidanceRemove", { number: at + 1 })}
            onClick={() => put(entries.filter((_, index) => index !== at))}>{t("guidanceRemove", { number: at + 1 })}</Button>
        </fieldset>
      ))}
      {wrong && <p className="wrong">{wrong}</p>}
      {entries.length < most && <Button type="button" variant="secondary" data-add-guidance
        onClick={() => put([...entries, { other: false, organisation: "", what: "" }])}>{t("guidanceAdd")}</Button>}
    </div>
  );
}
