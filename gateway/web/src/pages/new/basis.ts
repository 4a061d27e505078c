import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";

import { LegalGround, type LegalBasisSchema } from "koppi-contract/koppi/common/v1/party_pb";
import { isMoment } from "../../ui/form/days";
import { list, text, type Field, type Option, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import { Attestations } from "./attestations";
import { provisionShown } from "./provisionshown";

// Ground is a legal ground for sending, with its provision; without one the user gives it.
export interface Ground { name: string; ground: LegalGround; label: string; hint?: string; provision: string }

// A consent is chosen together with its time, in one choice.
const times = ["now", "earlier"];
const isConsent = ({ ground }: Ground) => ground === LegalGround.CLIENT_CONSENT;

// beginnings returns the initial values of the ground's fields.
export const beginnings = (now: Date): Values => ({ began: now.toISOString(), ground: "", consentedAt: "" });

export const groundOf = (grounds: Ground[], { ground }: Values) =>
  grounds.find((one) => (isConsent(one) ? times.includes(String(ground)) : one.name === ground));

// groundFields ask for the legal ground, and when the client consented.
export function groundFields(grounds: Ground[], values: Values, label: string, now: Date): Field[] {
  const options = grounds.flatMap((one): Option[] => (isConsent(one)
    ? [{ value: "now", label: "consentedNow", hint: one.hint }, { value: "earlier", label: "consentedEarlier" }]
    : [{ value: one.name, label: one.label, hint: one.hint }]));
  return [
    // A refusal of a time that was not typed is shown where it was chosen.
    {
      kind: "options", name: "ground", label, required: true, missing: "missingGround", options,
      of: ["basis", "basis.ground", "basis.consent_id", ...(values.ground === "earlier" ? [] : ["basis.consented_at"])],
    },
    {
      kind: "moment", name: "consentedAt", label: "consentedAt", required: true, of: ["basis.consented_at"], missing: "missingConsentedAt",
      when: ({ ground }) => ground === "earlier",
      verify: (value) => (isMoment(value) && timestampAhead(value, now) ? "consentAhead" : undefined),
    },
  ];
}

function timestampAhead(value: string, now: Date): boolean {
  const at = finnish(value);
  return at !== undefined && Number(at.seconds) * 1000 > now.getTime();
}

// basisFields show the provision of the chosen ground, or ask for it, and ask for what an official
// attests.
export function basisFields(grounds: Ground[], values: Values): Field[] {
  const chosen = groundOf(grounds, values);
  if (!chosen) return [];
  return [
    ...(chosen.provision ? [provisionShown(chosen)] : [{
      kind: "line", name: `provision-${chosen.name}`, label: "provision", hint: "provisionHint", required: true, of: ["basis.provision"],
      missing: "missingProvision", malformed: "malformedProvision",
    } satisfies Field]),
    ...(chosen.ground === LegalGround.STATUTORY_NOTIFICATION ? [{
      kind: "drawn", name: "attestation", label: "attestation", required: true, of: ["basis.attestation"], missing: "attestationHint",
      draw: Attestations,
    } satisfies Field] : []),
  ];
}

export const provisionOf = (ground: Ground, values: Values) => ground.provision || text(values, `provision-${ground.name}`);

// A consent given in this conversation dates from the opening of the form; a retry keeps that time.
export const consentTime = (values: Values) => (values.ground === "earlier" ? finnish(text(values, "consentedAt"))
  : values.ground === "now" ? timestampFromDate(new Date(text(values, "began"))) : undefined);

export function makeBasis(grounds: Ground[], values: Values): MessageInitShape<typeof LegalBasisSchema> | undefined {
  const chosen = groundOf(grounds, values), attested = list(values, "attestation");
  return chosen && {
    ground: chosen.ground, provision: provisionOf(chosen, values), consentedAt: isConsent(chosen) ? consentTime(values) : undefined,
    attestation: chosen.ground === LegalGround.STATUTORY_NOTIFICATION
      ? {
        consentUnobtainable: attested.includes("unobtainable"), evidentlyUnableToCareForSelf: attested.includes("unable"),
        interestOfChild: attested.includes("child"),
      } : undefined,
  };
}

// isAttested reports whether the law's conditions for a notification without consent are attested.
export const isAttested = (values: Values) => {
  const attested = list(values, "attestation");
  return attested.includes("unobtainable") && (attested.includes("unable") || attested.includes("child"));
};

// basisGiven reports whether the legal basis is complete, so that a request that depends on it can
// be sent.
export function basisGiven(grounds: Ground[], values: Values): boolean {
  const basis = makeBasis(grounds, values);
  if (!basis?.provision) return false;
  if (basis.ground === LegalGround.CLIENT_CONSENT) return basis.consentedAt !== undefined;
  return basis.ground !== LegalGround.STATUTORY_NOTIFICATION || isAttested(values);
}
