import { lazy, Suspense } from "react";
import { Button, RadioButton, RadioButtonGroup } from "suomifi-ui-components";

import { useLanguage, useTexts } from "../../app/language";
import { patiently } from "../../app/patiently";
import { text, type Drawn, type Field, type Values } from "../../ui/form/fields";
import { useDirectory } from "../../ui/party";

const Search = lazy(async () => ({ default: (await patiently(() => import("./municipalitysearch"))).MunicipalitySearch }));

// Up to this many municipalities are shown as radio buttons; more are searched by name.
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
  const t = useTexts("new"), [language] = useLanguage(), { municipalities, municipality } = useDirectory();
  const known = municipalities.map(({ code }) => ({ code, name: municipality(code) }))
    .sort((a, b) => a.name.localeCompare(b.name, language));
  if (known.length > few && value !== another) {
    return (
      <>
        <Suspense><Search {...{ id, known, wrong, change }} value={String(value ?? "")} /></Suspense>
        <Button type="button" variant="secondaryNoBorder" onClick={() => change(another)} data-another-municipality>
          {t("municipalityAnother")}
        </Button>
      </>
    );
  }
  return (
    <RadioButtonGroup id={id} name={id} labelText={t("municipality")} value={String(value ?? "")} onChange={change}
      groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
      {[...(known.length > few ? [] : known).map(({ code, name }) => <RadioButton key={code} value={code}>{name}</RadioButton>),
        <RadioButton key={another} value={another}>{t("municipalityAnother")}</RadioButton>,
        <RadioButton key="" value="">{t(known.length > few ? "municipalityFromList" : "municipalityUnknown")}</RadioButton>]}
    </RadioButtonGroup>
  );
}
