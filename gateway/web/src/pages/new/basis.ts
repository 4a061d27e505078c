import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";

import { LegalGround, type LegalBasisSchema } from "koppi-contract/koppi/common/v1/party_pb";
import { list, text, type Field, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import { Attestations } from "./attestations";

// Ground is a legal ground for sending, with its usual provision.
export interface Ground { name: string; ground: LegalGround; label: string; hint?: string; provision: string }

export const noGround: Values = { ground: "", consented: "", consentedAt: "" };

// beginnings returns the initial values of the ground's fields: each ground has its provision.
export const beginnings = (grounds: Ground[], now: Date): Values => ({
  ...noGround, began: now.toISOString(), ground: grounds.length === 1 ? grounds[0]!.name : "",
  ...Object.fromEntries(grounds.map(({ name, provision }) => [`provision-${name}`, provision])),
});

export const groundOf = (grounds: Ground[], values: Values) => grounds.find(({ name }) => name === values.ground);

// basisFields ask for the legal ground, and for what that ground requires.
export function basisFields(grounds: Ground[], values: Values): Field[] {
  const chosen = groundOf(grounds, values), consent = chosen?.ground === LegalGround.CLIENT_CONSENT;
  return [
    ...(grounds.length > 1 ? [{
      kind: "options", name: "ground", label: "ground", required: true, of: ["basis", "basis.ground"],
      options: grounds.map(({ name, label, hint }) => ({ value: name, label, hint })),
    } satisfies Field] : []),
    ...(consent ? [
      // A refusal of a time that was not typed is shown where it was chosen.
      {
        kind: "options", name: "consented", label: "consented", required: true,
        of: [
          "basis", "basis.consent_id", ...(grounds.length > 1 ? [] : ["basis.ground"]),
          ...(values.consented === "earlier" ? [] : ["basis.consented_at"]),
        ],
        options: [{ value: "now", label: "consentedNow" }, { value: "earlier", label: "consentedEarlier" }],
      },
      {
        kind: "moment", name: "consentedAt", label: "consentedAt", required: true, of: ["basis.consented_at"],
        when: ({ consented }) => consented === "earlier",
      },
    ] satisfies Field[] : []),
    ...(chosen?.ground === LegalGround.STATUTORY_NOTIFICATION ? [{
      kind: "drawn", name: "attestation", label: "attestation", required: true, of: ["basis.attestation"], draw: Attestations,
    } satisfies Field] : []),
    ...(chosen && chosen.ground !== LegalGround.NO_PERSONAL_DATA
      ? [{ kind: "line", name: `provision-${chosen.name}`, label: "provision", required: true, of: ["basis.provision"] } satisfies Field]
      : []),
  ];
}

// A consent given in this conversation dates from the opening of the form; a retry keeps that time.
export const consentTime = (values: Values) => (values.consented === "earlier" ? finnish(text(values, "consentedAt"))
  : values.consented === "now" ? timestampFromDate(new Date(text(values, "began"))) : undefined);

export function makeBasis(grounds: Ground[], values: Values): MessageInitShape<typeof LegalBasisSchema> | undefined {
  const chosen = groundOf(grounds, values), attested = list(values, "attestation");
  return chosen && {
    ground: chosen.ground, provision: text(values, `provision-${chosen.name}`),
    consentedAt: chosen.ground === LegalGround.CLIENT_CONSENT ? consentTime(values) : undefined,
    attestation: chosen.ground === LegalGround.STATUTORY_NOTIFICATION
      ? {
        consentUnobtainable: attested.includes("unobtainable"), evidentlyUnableToCareForSelf: attested.includes("unable"),
        interestOfChild: attested.includes("child"),
      } : undefined,
  };
}

// basisGiven reports whether the legal basis is complete, so that a request that depends on it can
// be sent.
export function basisGiven(grounds: Ground[], values: Values): boolean {
  const basis = makeBasis(grounds, values);
  if (!basis?.provision) return false;
  if (basis.ground === LegalGround.CLIENT_CONSENT) return basis.consentedAt !== undefined;
  const { attestation } = basis;
  return basis.ground !== LegalGround.STATUTORY_NOTIFICATION
    || Boolean(attestation?.consentUnobtainable && (attestation.evidentlyUnableToCareForSelf || attestation.interestOfChild));
}
