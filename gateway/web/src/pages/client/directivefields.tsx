import type { MessageInitShape } from "@bufbuild/protobuf";
import { Checkbox, CheckboxGroup, Dropdown, DropdownItem } from "suomifi-ui-components";

import { AgencyKindSchema } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import type { Recipient, RecipientSchema } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { useTexts } from "../../app/language";
import { text, type Drawn, type Values } from "../../ui/form/fields";
import { namesOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";

export const services = ["concern", "referral", "consultation", "plan"] as const;
export const agencyKinds = namesOf(AgencyKindSchema);

// RecipientField selects the recipient: one agency, or all of a kind.
export function RecipientField({ id, value, change, wrong }: Drawn) {
  const t = useTexts("client"), form = useTexts("form"), { agencies, agency } = useDirectory();
  return (
    <Dropdown id={id} labelText={t("recipient")} visualPlaceholder={form("choose")} value={value ? String(value) : null} onChange={change}
      status={wrong ? "error" : "default"} statusText={wrong} fullWidth>
      {[
        ...agencies.map((one) => <DropdownItem key={one.agency} value={`agency ${one.agency}`}>{agency(one.agency)}</DropdownItem>),
        ...agencyKinds.map((kind) => <DropdownItem key={kind} value={`kind ${kind}`}>{t(`all_${kind}`)}</DropdownItem>),
      ]}
    </Dropdown>
  );
}

export function makeRecipient(values: Values): MessageInitShape<typeof RecipientSchema> | undefined {
  const [kind, value] = text(values, "recipient").split(" ");
  return value ? { of: { case: kind as "agency" | "kind", value } } : undefined;
}

// useRecipient returns a function that names a recipient.
export function useRecipient() {
  const t = useTexts("client"), { agency } = useDirectory();
  return (recipient: Recipient | undefined) =>
    (recipient?.of.case === "agency" ? agency(recipient.of.value) : recipient?.of.case === "kind" ? t(`all_${recipient.of.value}`) : "");
}

export function ServicesField({ id, value, change, wrong }: Drawn) {
  const t = useTexts("client"), chosen = (value as string[] | undefined) ?? [];
  return (
    <div id={id} tabIndex={-1}>
      <CheckboxGroup labelText={t("services")} groupStatus={wrong ? "error" : undefined} groupStatusText={wrong}>
        {services.map((one) => <Checkbox key={one} value={one} checked={chosen.includes(one)} onClick={({ checkboxState }) =>
          change(checkboxState ? [...chosen, one] : chosen.filter((other) => other !== one))}>{t(`service_${one}`)}</Checkbox>)}
      </CheckboxGroup>
    </div>
  );
}
