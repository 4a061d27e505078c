import { ConsultationState, type Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { receiver, text } from "../../ui/form/fields";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf } from "../../ui/ground/value";
import type { Steps } from "../matter/actions";
import { acknowledge } from "../matter/steps";

const isNamed = ({ clientId }: Consultation) => clientId !== "";
const partiesOf = ({ asker, addressee, participants }: Consultation) =>
  [asker, addressee, ...participants].flatMap((party) => party?.agency ?? []);

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
    fields: (consultation, values) => [
      {
        kind: "receiver", name: "participant", label: "consultParticipant", hint: "consultParticipantHint",
        without: partiesOf(consultation), required: true,
      },
      ...groundFields({
        message: "consultation/invitation", receiver: "participant", clientId: consultation.clientId, anonymous: !isNamed(consultation),
      }, values),
      ...attestedFields(values),
    ],
    make: (values) => ({ participant: receiver(values, "participant"), basis: basisOf(values) }),
  },
  RevokeConsultation: {
    fields: () => [{ kind: "area", name: "reason", label: "consultMistake", hint: "consultMistakeHint", required: true }],
    make: (values) => ({ reason: text(values, "reason") }),
    sure: "consultRevokeSure", rare: true,
  },
  AcknowledgeRevocation: acknowledge,
});
