import { SingleSelect } from "suomifi-ui-components";

import { useTexts } from "../../app/language";

interface Props {
  id: string;
  known: { code: string; name: string }[];
  value: string;
  wrong?: string;
  change: (code: string) => void;
}

// MunicipalitySearch finds one of many municipalities by its name; none is chosen if it is not known.
export function MunicipalitySearch({ id, known, value, wrong, change }: Props) {
  const t = useTexts("new"), form = useTexts("form");
  const items = known.map(({ code, name }) => ({ uniqueItemId: code, labelText: name }));
  return (
    <SingleSelect id={id} labelText={t("municipality")} optionalText={form("optional")} visualPlaceholder={t("municipalitySearch")}
      items={items} selectedItem={items.find(({ uniqueItemId }) => uniqueItemId === value) ?? null}
      onItemSelect={(code) => change(code ?? "")} clearButtonLabel={form("clear")} noItemsText={t("municipalityNone")}
      ariaOptionsAvailableTextFunction={(count) => t("municipalitiesFound", { count })}
      status={wrong ? "error" : "default"} statusText={wrong} fullWidth />
  );
}
