import { enumFromJson } from "@bufbuild/protobuf";

import { LegalGround, LegalGroundSchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationState, type Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { receiver, text, type Field, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import type { Steps } from "../matter/actions";
import { acknowledge } from "../matter/steps";

// The usual provisions of a consultation's grounds (703/2023 §§ 31, 53).
const provisions = { anonymous: "703/2023 § 31", consent: "703/2023 § 53" };
const consent = "LEGAL_GROUND_CLIENT_CONSENT", access = "LEGAL_GROUND_STATUTORY_ACCESS";

const isNamed = ({ clientId }: Consultation) => clientId !== "";
const partiesOf = ({ asker, addressee, participants }: Consultation) =>
  [asker, addressee, ...participants].flatMap((party) => party?.agency ?? []);
const isGround = (ground: string) => (values: Values) => text(values, "ground") === ground;

// Each onward sending has a legal ground of its own. Without a named client there is only one.
const groundFields = (consultation: Consultation): Field[] => (isNamed(consultation) ? [
  {
    kind: "choice", name: "ground", label: "consultGround", schema: LegalGroundSchema, only: [consent, access], required: true,
    of: ["basis", "basis.ground"],
  },
  { kind: "moment", name: "consentedAt", label: "consultConsentedAt", required: true, when: isGround(consent), of: ["basis.consented_at"] },
  {
    kind: "line", name: "provision", label: "consultProvision", hint: "consultProvisionHint", required: true, when: isGround(access),
    of: ["basis.provision"],
  },
] : [{ kind: "note", name: "anonymous", label: "consultAnonymous", text: "consultAnonymous" }]);

function basis(values: Values, consultation: Consultation) {
  if (!isNamed(consultation)) return { ground: LegalGround.NO_PERSONAL_DATA, provision: provisions.anonymous };
  const ground = enumFromJson(LegalGroundSchema, (text(values, "ground") || "LEGAL_GROUND_UNSPECIFIED") as never);
  if (ground === LegalGround.CLIENT_CONSENT) return {
    ground, provision: provisions.consent, consentedAt: finnish(text(values, "consentedAt")),
  };
  return { ground, provision: text(values, "provision") };
}

// A matter that the consultation may have led to, in words.
export interface Followed { subject: string; words: string }

// consultationSteps declares the fields of each step, for a worker of this unit and the matters
// that followed the question.
export const consultationSteps = ({ agency, unit }: { agency: string; unit: string }, followed: Followed[]): Steps<Consultation> => ({
  CloseConsultation: {
    // Before there is an answer, ending is rare.
    rare: ({ state }) => state !== ConsultationState.ANSWERED,
    first: ({ asker, state }) => asker?.agency === agency && state === ConsultationState.ANSWERED,
    fields: () =>
      [{ kind: "options", name: "ledTo", label: "consultLedTo", hint: "consultLedToHint", required: true, of: ["led_to"], options: [
        { value: "nothing", label: "consultLedToNothing" },
        ...followed.map(({ subject, words }) => ({ value: subject, ready: words })),
      ] }],
    initial: () => ({ ledTo: "nothing" }),
    make: (values) => ({ ledTo: text(values, "ledTo") === "nothing" ? "" : text(values, "ledTo") }),
  },
  ReassignConsultation: {
    fields: () => [
      {
        kind: "receiver", name: "to", label: "consultTo", within: agency, worker: true, required: true,
        of: ["to", "to.agency", "to.unit", "to.worker"],
      },
      { kind: "area", name: "reason", label: "consultReason", required: true },
    ],
    // The usual receiver is in the same unit.
    initial: () => ({ to: { agency, unit } }),
    make: (values) => ({ to: receiver(values, "to"), reason: text(values, "reason") }),
  },
  InviteParticipant: {
    fields: (consultation) => [
      {
        kind: "receiver", name: "participant", label: "consultParticipant", hint: "consultParticipantHint",
        without: partiesOf(consultation), required: true,
      },
      ...groundFields(consultation),
    ],
    make: (values, consultation) => ({ participant: receiver(values, "participant"), basis: basis(values, consultation) }),
  },
  RevokeConsultation: {
    fields: () => [{ kind: "area", name: "reason", label: "consultMistake", hint: "consultMistakeHint", required: true }],
    make: (values) => ({ reason: text(values, "reason") }),
    sure: "consultRevokeSure", rare: true,
  },
  AcknowledgeRevocation: acknowledge,
});
