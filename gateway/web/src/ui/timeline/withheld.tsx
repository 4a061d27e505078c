import { Details } from "suomifi-ui-components";

import type { Withheld } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { useTexts } from "../../app/language";

// The rules that withhold content from a reader, by the first part of their keys. "known" marks
// content that the reader has already received; it hides nothing.
export const ruleNames = ["receiver-only", "no-consent", "client", "statutory-access", "erased", "parked"] as const;
const ruleOf = ({ rule }: Withheld) => ruleNames.find((name) => name === rule.split("/")[0]);

// WithheldParts shows what is withheld, and why, so that an empty field is not mistaken for a missing
// fact. The rules' keys are for lawyers (deploy/disclosure), not for workers.
export function WithheldParts({ withheld }: { withheld: Withheld[] }) {
  const t = useTexts("timeline"), kept = withheld.filter(ruleOf);
  if (!kept.length) return null;
  const fieldOf = ({ field }: Withheld) => t(`field_${field.split(".").at(-1)!}`);
  const fields = [...new Set(kept.map(fieldOf))].join(", ").toLowerCase();
  const rules = ruleNames.filter((name) => kept.some((one) => ruleOf(one) === name));
  return (
    <Details className="withheld" data-withheld={kept.map(({ rule }) => rule).join(" ")}
      summaryLabel={t("withheld", { what: fields, why: rules.map((rule) => t(`why_${rule}`)).join("; ") })}>
      {rules.map((rule) => <p key={rule}>{t(`explained_${rule}`)}</p>)}
    </Details>
  );
}
