import type { MessageInitShape } from "@bufbuild/protobuf";
import { Dropdown, DropdownItem } from "suomifi-ui-components";

import type { RecipientSchema } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { useTexts } from "../../app/language";
import { useDirectory } from "../../ui/party";

export const agencyKinds = [
  "AGENCY_KIND_SOCIAL_SERVICES", "AGENCY_KIND_BENEFITS", "AGENCY_KIND_HEALTH_CARE", "AGENCY_KIND_YOUTH_WORK", "AGENCY_KIND_EMPLOYMENT",
] as const;

// recipientOf returns the chosen recipient: an agency by its key, or all of a kind by the kind's
// name.
export function recipientOf(chosen: string): MessageInitShape<typeof RecipientSchema> {
  const kind = agencyKinds.find((one) => one === chosen);
  return { of: kind ? { case: "kind", value: kind } : { case: "agency", value: chosen } };
}

// focusField focuses a field with an error, once the error is shown.
export const focusField = (name: string) =>
  setTimeout(() => document.querySelector<HTMLElement>(`[data-field="${name}"] :is(button, input, textarea)`)?.focus());

interface Props { id: string; label: string; value: string; change: (chosen: string) => void; wrong?: string }

// RecipientChoice selects one agency, or all of a kind.
export function RecipientChoice({ id, label, value, change, wrong }: Props) {
  const t = useTexts("own"), { agencies, agency } = useDirectory();
  return (
    <div className="field" data-field={id}>
      <Dropdown id={id} labelText={label} visualPlaceholder={t("choose")} value={value || null} onChange={change}
        status={wrong ? "error" : "default"} statusText={wrong} fullWidth>
        {[
          ...agencies.map((one) => <DropdownItem key={one.agency} value={one.agency}>{agency(one.agency)}</DropdownItem>),
          ...agencyKinds.map((kind) => <DropdownItem key={kind} value={kind}>{t(kind)}</DropdownItem>),
        ]}
      </Dropdown>
    </div>
  );
}
