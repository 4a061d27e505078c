import { useState } from "react";
import { RadioButton, RadioButtonGroup, TextInput } from "suomifi-ui-components";

import { useLanguage, useTexts } from "../../app/language";
import { text, type Drawn, type Field, type Values } from "../../ui/form/fields";
import { useDirectory } from "../../ui/party";

// Up to this many municipalities are shown at once; more are searched by the beginning of their names.
const few = 5;

const another = "another";

// municipalityFields suggest receivers by the client's municipality. One that no unit of the directory serves
// is known by its number alone.
export const municipalityFields: Field[] = [
  {
    kind: "drawn", name: "municipality", label: "municipality", of: ["client.details.municipality"],
    draw: (drawn) => <Municipality {...drawn} />,
  },
  {
    kind: "line", name: "municipalityCode", label: "municipalityCode", hint: "municipalityCodeHint", of: ["client.details.municipality"],
    when: (values) => values.municipality === another, verify: (value) => (/^\d{3}$/.test(value) ? undefined : "municipalityCodeWrong"),
  },
];

// municipalityOf returns the number of the chosen municipality, once it is whole.
export function municipalityOf(values: Values) {
  const chosen = text(values, values.municipality === another ? "municipalityCode" : "municipality");
  return /^\d{3}$/.test(chosen) ? chosen : "";
}

function Municipality({ id, value, change, wrong }: Drawn) {
  const t = useTexts("new"), [language] = useLanguage(), [sought, seek] = useState("");
  const { municipalities, municipality } = useDirectory(), typed = sought.trim().toLocaleLowerCase(language);
  const known = municipalities.map(({ code }) => ({ code, name: municipality(code) }))
    .sort((a, b) => a.name.localeCompare(b.name, language));
  const fits = (name: string) => typed !== "" && name.toLocaleLowerCase(language).startsWith(typed);
  const found = known.filter(({ name }) => known.length <= few || fits(name)).slice(0, few);
  const shown = known.filter((one) => one.code === value || found.includes(one));
  return (
    <>
      {known.length > few && <TextInput labelText={t("municipalitySearch")} value={sought} onChange={(given) => seek(String(given ?? ""))}
        fullWidth />}
      <RadioButtonGroup id={id} name={id} labelText={t("municipality")} value={String(value ?? "")} onChange={change}
        groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
        {[...shown.map(({ code, name }) => <RadioButton key={code} value={code}>{name}</RadioButton>),
          <RadioButton key={another} value={another}>{t("municipalityAnother")}</RadioButton>,
          <RadioButton key="" value="">{t("municipalityUnknown")}</RadioButton>]}
      </RadioButtonGroup>
      {known.length > few && <p role="status" className="quiet">{typed && !found.length && t("municipalityNone")}</p>}
    </>
  );
}
