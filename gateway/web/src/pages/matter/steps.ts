import { LegalGround, type LegalBasis, type LoopStatus, type Party, type PlannedContact } from "koppi-contract/koppi/common/v1/party_pb";
import type { DescEnum } from "@bufbuild/protobuf";

import { attachmentIds, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import type { Step } from "./actions";
import { isUrgent } from "./urgencynow";

// Setting is what a step's fields depend on besides the matter.
export interface Setting {
  // The agency that the person acts for.
  own: string;
  // The role that the rules on professions read.
  role: string;
}

// enumOf returns the number of a chosen name; 0 if none is chosen.
export const enumOf = (schema: DescEnum, values: Values, name: string) =>
  schema.values.find((value) => value.name === values[name])?.number ?? 0;

// partyOf returns the chosen receiver; undefined if none is chosen.
export function partyOf(values: Values, name: string) {
  const chosen = receiver(values, name);
  return chosen?.agency ? { agency: chosen.agency, unit: chosen.unit ?? "", worker: chosen.worker ?? "" } : undefined;
}

// Fields of several steps.
export const reasonField: Field = { kind: "line", name: "reason", label: "reason", required: true };
export const attachmentsField: Field = { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] };
export const withAttachments = (values: Values) => ({ attachmentIds: attachmentIds(values, "attachments") });

// isHeld reports whether a worker of the own agency holds the matter, not only a unit.
export const isHeld = ({ status }: { status?: LoopStatus }, own: string) =>
  Boolean(status?.responsible?.worker) && status?.responsible?.agency === own;

// A matter is reassigned within the agency only; taken from a worker, with a reason.
export const reassign = ({ own }: Setting): Step<{ status?: LoopStatus }> => ({
  fields: (matter) => [
    { kind: "receiver", name: "to", label: "reassignTo", within: own, worker: true, required: true },
    isHeld(matter, own) ? { ...reasonField, hint: "reasonHeld" } : { ...reasonField, required: false },
  ],
  make: (values) => ({ to: partyOf(values, "to"), reason: text(values, "reason") }),
});

export const suggestedField = ({ own }: Setting): Field => ({
  kind: "receiver", name: "suggested", label: "suggestedReceiver", without: [own], of: ["suggested_receiver"],
});

// When the agency plans to contact the client, so that two workers do not call the same person.
export const planContact = ({ own }: Setting): Step<{ plannedContacts: PlannedContact[] }> => ({
  fields: ({ plannedContacts }) => [
    ...(plannedContacts.some(({ by }) => by?.agency === own) ? [{ kind: "check", name: "takeBack", label: "takeBack" } satisfies Field]
      : []),
    { kind: "moment", name: "at", label: "contactAt", required: true, when: ({ takeBack }) => !takeBack },
    {
      kind: "moment", name: "until", label: "contactUntil", hint: "contactUntilHint", of: ["lapses_at"], when: ({ takeBack }) => !takeBack,
    },
  ],
  make: (values) => (values.takeBack ? {} : { at: finnish(text(values, "at")), lapsesAt: finnish(text(values, "until")) }),
});

// A declined matter is sent elsewhere, or dropped with a reason.
export const settle: Step<unknown> = {
  fields: () => [
    {
      kind: "options", name: "how", label: "settleHow", required: true,
      options: [{ value: "resent", label: "settleResent" }, { value: "dropped", label: "settleDropped" }],
    },
    {
      kind: "line", name: "place", label: "settlePlace", hint: "settlePlaceHint", required: true, of: ["resubmitted_as"],
      when: ({ how }) => how === "resent",
    },
    { ...reasonField, when: ({ how }) => how === "dropped" },
  ],
  make: (values) => ({
    ...(values.how === "resent" ? { resubmittedAs: subjectIn(text(values, "place")) } : { reason: text(values, "reason") }),
  }),
  sure: "sureSettle",
};

// subjectIn finds a matter's name in a pasted address.
const subjectIn = (pasted: string) => /(concerns|referrals|consultations|plans)\/[0-9a-f-]{36}/.exec(pasted)?.[0] ?? pasted;

export const revoke: Step<unknown> = {
  fields: () => [{ kind: "note", name: "revokeNote", label: "", text: "revokeNote" }, { ...reasonField, hint: "revokeReasonHint" }],
  make: (values) => ({ reason: text(values, "reason") }),
  sure: "sureRevoke", rare: true,
};

// A matter that is due because it is urgent has triage beside its primary step, labelled by its
// purpose: only triage removes that due time.
export const triage: Pick<Step<{ status?: LoopStatus }>, "called" | "record" | "soon"> = {
  called: (matter) => (isUrgent(matter) ? "urgentAssessed" : undefined),
  record: "recordTriage",
  soon: isUrgent,
};

export const acknowledge: Step<unknown> = { sure: "sureAcknowledge" };

export const onConsent = (basis?: LegalBasis) => basis?.ground === LegalGround.CLIENT_CONSENT;
export const sameUnit = (a: Party | undefined, b: { agency: string; unit: string }) => a?.agency === b.agency && a.unit === b.unit;
