import type { DescEnum } from "@bufbuild/protobuf";
import type { ReactNode } from "react";

import type { AgencyKind } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import type { Asks } from "../ground/asks";

// Fields are declared, not rendered: what each asks for, and the name of its value in the form.
// Labels are keys of the form's texts, or of other texts: "ground:missing".
interface Common {
  name: string;
  label: string;
  hint?: string;
  required?: boolean;
  // One of several short fields of which none is needed: it may stand beside another, and is not marked as
  // optional.
  aside?: boolean;
  // Shown only if this holds.
  when?: (values: Values) => boolean;
  // Fields of the request that this one covers, if named differently:
  // "client.personal_identity_code". A refusal of one of them is shown beside this field.
  of?: string[];
  // What is said beside the field if its value is missing, or is not valid; keys of the form's texts.
  missing?: string;
  malformed?: string;
  // A check of one line when the field is left: the key of what is wrong with it, if anything.
  verify?: (value: string) => string | undefined;
}

export type Field = Common & (
  // One line, or several, of free text.
  | { kind: "line" | "area" }
  // A day; its value is YYYY-MM-DD, between from and until inclusive.
  | { kind: "day"; from?: string; until?: string }
  // A day and a time in Finland; its value is YYYY-MM-DDTHH:MM.
  | { kind: "moment" }
  | { kind: "check" }
  // One of an enum's names. Few are shown as radio buttons, many as a list.
  | { kind: "choice"; schema: DescEnum; only?: string[]; list?: boolean }
  // Several of an enum's names, in this order; a search field with this label filters them.
  | { kind: "choices"; schema: DescEnum; only?: string[]; search?: string }
  // One of a few values, each with a text or a key.
  | { kind: "options"; options: Option[] }
  // A receiver: agency, unit and optionally worker. Suggested by municipality and service; with
  // propose the one that fits, of an agency of that kind, is chosen until the user chooses another.
  | {
    kind: "receiver"; within?: string; without?: string[]; service?: string; municipality?: string; language?: string; worker?: boolean;
    propose?: { kind?: AgencyKind };
  }
  // A lawful ground towards the receiver; its value is a Chosen of ui/ground.
  | { kind: "ground"; asks: Asks }
  // Attachments, uploaded at once; the value holds their ids and names. With paper, all are of that kind of
  // document, which names the field.
  | { kind: "attachments"; paper?: string }
  // A line of text between the fields, by key.
  | { kind: "note"; text: string }
  // Content of the caller between the fields, or a field that the caller renders.
  | { kind: "drawn"; draw: (drawn: Drawn) => ReactNode }
);

// Option is one of a few choices. Its text and hint are keys, or ready-made.
export interface Option { value: string; label?: string; ready?: string; hint?: string; readyHint?: string }

// Drawn is the input of a field that the caller renders. set changes the value of any field of the form.
export interface Drawn {
  id: string; values: Values; value: unknown; wrong?: string;
  change: (value: unknown) => void; set: (field: string, value: unknown) => void;
}

// Values hold the input by field name; they can be stored as JSON.
export type Values = Record<string, unknown>;

export interface ReceiverValue { agency: string; unit?: string; worker?: string; municipality?: string; proposed?: boolean }
export interface AttachmentValue { id: string; name: string; bytes: number }

export const text = (values: Values, name: string) => String(values[name] ?? "").trim();
export const list = (values: Values, name: string) => (values[name] as string[] | undefined) ?? [];
export const receiver = (values: Values, name: string) => values[name] as ReceiverValue | undefined;
const attachments = (values: Values, name: string) => (values[name] as AttachmentValue[] | undefined) ?? [];
export const attachmentIds = (values: Values, name: string) => attachments(values, name).map(({ id }) => id);
export const attachmentNames = (values: Values, name: string) => attachments(values, name).map((one) => one.name).join(", ");

// shownOf returns the fields that apply to the current values.
export const shownOf = (fields: Field[], values: Values) => fields.filter(({ when }) => !when || when(values));
