import { useQuery } from "@connectrpc/connect-query";
import { Dropdown, DropdownItem, TextInput } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import { useDirectory } from "../party";
import type { Field, ReceiverValue } from "./fields";

interface Props {
  id: string;
  field: Extract<Field, { kind: "receiver" }>;
  label: string;
  hint?: string;
  wrong?: string;
  value?: ReceiverValue;
  change: (value: ReceiverValue | undefined) => void;
}

// ReceiverField chooses the receiver: the agency, and one of its units. The best unit for the
// service is suggested, with its languages.
export function ReceiverField({ id, field, label, hint, wrong, value, change }: Props) {
  const t = useTexts("form"), directory = useDirectory();
  const agencies = directory.agencies.filter(({ agency }) => (field.within ? agency === field.within : !field.without?.includes(agency)));
  const agency = field.within ?? value?.agency ?? "";
  const sought = {
    serviceKey: field.service ?? "", municipality: field.municipality ?? value?.municipality ?? "", language: field.language ?? "",
  };
  const { data } = useQuery(CaseworkService.method.findUnits, { ...sought, agency }, { enabled: agency !== "" });
  // Agencies that offer the service come first.
  const { data: offering } = useQuery(CaseworkService.method.findUnits, sought, { enabled: sought.serviceKey !== "" });
  const offers = (one: string) => offering?.routes.some(({ party }) => party?.agency === one) ?? false;
  agencies.sort((a, b) => Number(offers(b.agency)) - Number(offers(a.agency)));
  const routes = data?.routes ?? [], all = directory.agencies.find((one) => one.agency === agency)?.units ?? [];
  const suggested = routes[0]?.unit?.unit;
  const units = [...all].sort((a, b) => Number(b.unit === suggested) - Number(a.unit === suggested));
  // Within the agency a unit is required; elsewhere the agency's intake is allowed.
  const named = field.within !== undefined && field.required === true;
  const chosen = units.find(({ unit }) => unit === value?.unit);
  // A list without items, as before the directory is read, cannot be rendered.
  return (
    <fieldset className="receiver" id={id} tabIndex={-1}>
      <legend>{label}</legend>
      {hint && <p className="quiet">{hint}</p>}
      {!field.within && agencies.length > 0 && (
        <Dropdown labelText={t("agency")} visualPlaceholder={t("choose")} value={value?.agency ?? null} status={wrong ? "error" : "default"}
          statusText={wrong} onChange={(picked) => change({ agency: picked })} fullWidth>
          {agencies.map((one) => <DropdownItem key={one.agency} value={one.agency}>
            {directory.agency(one.agency)}
            {offers(one.agency) ? ` (${t("suggested")})` : ""}
          </DropdownItem>)}
        </Dropdown>
      )}
      {agency && all.length > 0 && (
        <Dropdown labelText={t("unit")} optionalText={named ? undefined : t("optional")} visualPlaceholder={t(named ? "choose" : "anyUnit")}
          value={value?.unit ?? null} status={wrong && field.within ? "error" : "default"} statusText={field.within && wrong}
          onChange={(picked) => change({ ...value, agency, unit: picked || undefined })} fullWidth>
          {[
            ...(named ? [] : [<DropdownItem key="" value="">{t("anyUnit")}</DropdownItem>]),
            ...units.map((one) => <DropdownItem key={one.unit} value={one.unit}>
              {directory.unit(agency, one.unit)}
              {one.unit === suggested && units.length > 1 ? ` (${t("suggested")})` : ""}
            </DropdownItem>),
          ]}
        </Dropdown>
      )}
      {chosen && chosen.languages.length > 0 && <p className="quiet">{t("serves", { languages: chosen.languages.join(", ") })}</p>}
      {field.worker && agency && <TextInput dir="auto" labelText={t("worker")} optionalText={t("optional")} value={value?.worker ?? ""}
        onChange={(typed) => change({ ...value, agency, worker: String(typed ?? "") || undefined })} fullWidth />}
    </fieldset>
  );
}
