import { AgencyKind } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";

import { receiver, text, type Field, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import type { Setting } from "./steps";

// Each onward sending has a legal ground of its own; the first one does not carry over.
export type Ground = "consent" | "notification" | "access";

const chosen = (ground: Ground) => (values: Values) => values.ground === ground;
export const byConsent = chosen("consent");

// groundFields ask for the legal ground, and then for what that ground requires.
export const groundFields = (...grounds: Ground[]): Field[] => [
  { kind: "options", name: "ground", label: "ground", required: true, of: ["basis.ground", "basis"], options: [
    { value: "consent" as const, label: "groundConsent", hint: "groundConsentHint" },
    { value: "notification" as const, label: "groundNotification", hint: "groundNotificationHint" },
    { value: "access" as const, label: "groundAccess", hint: "groundAccessHint" },
  ].filter(({ value }) => grounds.includes(value)) },
  { kind: "moment", name: "consentedAt", label: "consentedAt", required: true, of: ["basis.consented_at"], when: byConsent },
  {
    kind: "check", name: "unobtainable", label: "attestUnobtainable", required: true, of: ["basis.attestation"],
    when: chosen("notification"),
  },
  { kind: "check", name: "unable", label: "attestUnable", when: chosen("notification") },
  { kind: "check", name: "child", label: "attestChild", when: chosen("notification") },
  {
    kind: "line", name: "provision", label: "provision", hint: "provisionHint", required: true, of: ["basis.provision"],
    when: chosen("access"),
  },
];

const toKind = (values: Values, { agencies }: Setting, kind: AgencyKind) =>
  agencies.some((one) => one.agency === receiver(values, "receiver")?.agency && one.kind === kind);

// Without consent youth work receives only the identity, the contact details and the urgency.
export const toYouthWork = (values: Values, setting: Setting) => toKind(values, setting, AgencyKind.YOUTH_WORK);

// The provision of a ground towards a receiver; for a statutory right the writer names it.
export function provisionOf(values: Values, setting: Setting): string {
  if (values.ground === "access") return text(values, "provision");
  if (values.ground === "notification") return toYouthWork(values, setting) ? "1285/2016 § 11" : "1301/2014 § 35.2";
  return toKind(values, setting, AgencyKind.HEALTH_CARE) ? "703/2023 § 53" : "1301/2014 § 35.1";
}

const grounds: Record<string, LegalGround> = {
  consent: LegalGround.CLIENT_CONSENT, notification: LegalGround.STATUTORY_NOTIFICATION, access: LegalGround.STATUTORY_ACCESS,
};

export function basisOf(values: Values, setting: Setting) {
  return {
    ground: grounds[text(values, "ground")] ?? LegalGround.UNSPECIFIED,
    provision: provisionOf(values, setting),
    ...(byConsent(values) ? { consentedAt: finnish(text(values, "consentedAt")) } : {}),
    ...(values.ground === "notification" ? { attestation: {
      consentUnobtainable: values.unobtainable === true, evidentlyUnableToCareForSelf: values.unable === true,
      interestOfChild: values.child === true,
    } } : {}),
  };
}
