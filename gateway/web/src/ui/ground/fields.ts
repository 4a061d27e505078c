import { lastNow } from "../../app/clock";
import { addTexts } from "../../app/language";
import { isMoment } from "../form/days";
import type { Field, Values } from "../form/fields";
import { finnish } from "../form/times";
import type { Asks } from "./asks";
import { Attestations } from "./attestations";
import { chosenOf, isAttested } from "./value";
import texts from "../../texts/ground.json";

addTexts("ground", texts);

// groundFields ask on which ground the message is sent, and when the client consented.
export const groundFields = (asks: Asks, values: Values): Field[] => [
  {
    kind: "ground", name: "ground", label: "ground:ground", required: true, missing: "ground:missing", asks,
    // A refusal of a time that was not typed is shown where it was chosen.
    of: [
      "basis", "basis.ground", "basis.ground_key", "basis.provision", "basis.consent_id",
      ...(chosenOf(values)?.earlier ? [] : ["basis.consented_at"]),
    ],
  },
  {
    kind: "moment", name: "consentedAt", label: "ground:consentedAt", required: true, of: ["basis.consented_at"],
    missing: "ground:missingConsentedAt", when: () => chosenOf(values)?.earlier === true,
    verify: (value) => (isMoment(value) && isAhead(value) ? "ground:consentAhead" : undefined),
  },
];

function isAhead(value: string): boolean {
  const at = finnish(value), now = lastNow();
  return at !== undefined && now !== undefined && Number(at.seconds) * 1000 > now;
}

// attestedFields ask for what a person attests, and what the client says about hearing back.
export function attestedFields(values: Values): Field[] {
  const chosen = chosenOf(values);
  if (!chosen) return [];
  return [
    ...(chosen.attest.length ? [{
      kind: "drawn", name: "attestation", label: "ground:attestation", required: true, of: ["basis.attestation"],
      missing: "ground:missingAttestation", draw: (drawn) => Attestations({ ...drawn, chosen }),
      verify: (value) => (isAttested(chosen, value.split(",")) ? undefined : "ground:missingAttestation"),
    } satisfies Field] : []),
    ...(chosen.asksFeedback ? [{
      kind: "options", name: "feedback", label: "ground:feedback", hint: "ground:feedbackHint", required: true,
      missing: "ground:missingFeedback", of: ["basis.feedback_consented_at"],
      options: [
        { value: "yes", label: "ground:feedbackYes" }, { value: "no", label: "ground:feedbackNo" },
        { value: "unasked", label: "ground:feedbackUnasked" },
      ],
    } satisfies Field] : []),
  ];
}
