import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { InlineAlert } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { EmergencyReason, OpenEmergencyReadingRequestSchema } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { transport } from "../../app/transport";
import { text, type Field } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import type { Sought } from "./read";

// Why somebody may read outside the own area, as the form's values.
const reasons = ["life", "standing", "present"] as const;
const reasonOf: Record<string, EmergencyReason> = {
  life: EmergencyReason.LIFE_OR_HEALTH, standing: EmergencyReason.STANDING_IN, present: EmergencyReason.CLIENT_PRESENT,
};

interface Props { code: string; found: (sought: Sought) => void; cancel: () => void }

// Emergency asks why a worker reads a client's matters outside the own area, and opens the client's page. The
// code is in memory alone, as long as the form is open.
export function Emergency({ code, found, cancel }: Props) {
  const t = useTexts("client"), [whole, tell] = useState(false);
  const fields: Field[] = [
    { kind: "note", name: "about", label: "emergency", text: "emergencyAbout" },
    { kind: "drawn", name: "code", label: "code", draw: () => <p>{t("code")}: <strong translate="no">{code}</strong></p> },
    {
      kind: "options", name: "reason", label: "emergencyReason", required: true, missing: "missingWhy",
      options: reasons.map((one) => ({ value: one, label: `emergency_${one}` })),
    },
    {
      kind: "area", name: "explanation", label: "emergencyExplanation", hint: "emergencyExplanationHint", required: true,
      missing: "missingExplanation",
    },
    { kind: "note", name: "seen", label: "emergency", text: "emergencySeen" },
  ];
  return (
    <>
      <StepForm texts="client" heading="h1" title={t("emergency")} schema={OpenEmergencyReadingRequestSchema} fields={fields}
        sendLabel={t("emergencyOpen")} cancel={cancel}
        make={(values, requestId) => ({
          requestId, personalIdentityCode: code, reason: reasonOf[text(values, "reason")], explanation: text(values, "explanation"),
        })}
        send={async (request) => {
          tell(false);
          try {
            const { reading } = await createClient(CaseworkService, transport).openEmergencyReading(request);
            const reason = reasons.find((one) => reasonOf[one] === request.reason)!;
            found({ clientId: reading!.clientId, purpose: t("emergencyPurpose", { reason: t(`emergency_${reason}`) }) });
          } catch (error) {
            // Where everybody reads all matters of the agency, there is nothing to open.
            if (refusalOf(error).reason !== "ILLEGAL_STEP") throw error;
            tell(true);
          }
        }}
        done={() => {}} />
      <div role="status" data-whole={whole || undefined}>
        {whole && <InlineAlert labelText={t("emergencyWhole")}><p>{t("emergencyWholeThen")}</p></InlineAlert>}
      </div>
    </>
  );
}
