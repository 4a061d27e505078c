import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";

import type { Ground } from "koppi-contract/koppi/casework/v1/casework_pb";
import { ContentProfile, LegalGround, type AttestationSchema, type LegalBasisSchema } from "koppi-contract/koppi/common/v1/party_pb";
import { list, text, type Values } from "../form/fields";
import { finnish } from "../form/times";

// Chosen is a row of the table of lawful grounds as a form keeps it, with the time of the client's
// consent. The rest of the form follows from it.
export interface Chosen {
  // The value of its option.
  option: string;
  key: string;
  ground: LegalGround;
  provision: string;
  names: Record<string, string>;
  content: ContentProfile;
  // What a person attests: one field of each group, with its names.
  attest: { field: string; names: Record<string, string> }[][];
  asksFeedback: boolean;
  // When the client consented: at the given time, earlier, or in a consent given in advance.
  at?: string;
  earlier?: boolean;
  consentId?: string;
}

export const isConsent = ({ ground }: { ground: LegalGround }) => ground === LegalGround.CLIENT_CONSENT;

// chosenOf returns the chosen ground of a form; undefined before one is chosen.
export function chosenOf(values: Values): Chosen | undefined {
  const chosen = values.ground as Chosen | undefined;
  return chosen?.key ? chosen : undefined;
}

// toChoose returns a row as a form keeps it.
export const toChoose = ({ key, ground, provision, names, content, attest, asksFeedbackConsent }: Ground): Chosen => ({
  option: key, key, ground, provision, names, content, asksFeedback: asksFeedbackConsent,
  attest: attest.map(({ anyOf }) => anyOf.map((one) => ({ field: one.field, names: one.names }))),
});

// What the chosen ground allows to say. Before one is chosen, a form asks for all.
const allows = (least: ContentProfile) => (values: Values) => (chosenOf(values)?.content ?? ContentProfile.WHOLE) >= least;
export const allowsTopics = allows(ContentProfile.TOPICS);
export const allowsWords = allows(ContentProfile.NECESSARY);
export const isNecessary = (values: Values) => chosenOf(values)?.content === ContentProfile.NECESSARY;

// consentTime returns when the client consented; undefined if that is not known, or is stated by a
// consent given in advance.
export function consentTime(values: Values) {
  const chosen = chosenOf(values);
  if (chosen?.earlier) return finnish(text(values, "consentedAt"));
  return chosen?.at && !chosen.consentId ? timestampFromDate(new Date(chosen.at)) : undefined;
}

// hearsBack reports whether the client consented to the sender hearing how the matter goes on.
export const hearsBack = (values: Values) => chosenOf(values)?.asksFeedback === true && values.feedback === "yes";

// attested returns what is attested of what the chosen ground asks for.
export const attested = (values: Values) => {
  const asked = (chosenOf(values)?.attest ?? []).flat();
  return asked.filter(({ field }) => list(values, "attestation").includes(field));
};

// isAttested reports whether one of each group is attested.
export const isAttested = ({ attest }: Chosen, fields: string[]) =>
  attest.every((group) => group.some(({ field }) => fields.includes(field)));

const camel = (field: string) => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

// basisOf returns the legal basis of a request; Koppi takes ground and provision from the row.
export function basisOf(values: Values): MessageInitShape<typeof LegalBasisSchema> | undefined {
  const chosen = chosenOf(values);
  if (!chosen) return undefined;
  const attestation = Object.fromEntries(attested(values).map(({ field }) => [camel(field), true]));
  const feedback = hearsBack(values) ? consentTime(values) ?? (chosen.at ? timestampFromDate(new Date(chosen.at)) : undefined) : undefined;
  return {
    groundKey: chosen.key, consentedAt: isConsent(chosen) ? consentTime(values) : undefined, consentId: chosen.consentId ?? "",
    feedbackConsentedAt: feedback,
    attestation: chosen.attest.length ? attestation as MessageInitShape<typeof AttestationSchema> : undefined,
  };
}

// basisGiven reports whether the legal basis is complete, so that a request that depends on it can be
// sent.
export function basisGiven(values: Values): boolean {
  const chosen = chosenOf(values);
  if (!chosen) return false;
  if (isConsent(chosen)) return chosen.consentId !== undefined || consentTime(values) !== undefined;
  return isAttested(chosen, list(values, "attestation"));
}
