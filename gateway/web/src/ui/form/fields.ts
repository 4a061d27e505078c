import type { DescEnum } from "@bufbuild/protobuf";
import type { ReactNode } from "react";

// A form's fields are told, not drawn: what each asks for, and under which name its value
// stands among the form's values. Labels are keys of the form's own texts.
interface Common {
  name: string;
  label: string;
  hint?: string;
  required?: boolean;
  // Shown only where this holds: a field that a choice rules out is not there.
  when?: (values: Values) => boolean;
  // The request's fields that this one answers for, where they are called otherwise:
  // "client.personal_identity_code". A refusal of one of them is shown beside this field.
  of?: string[];
}

export type Field = Common & (
  // One line, or several, of free text.
  | { kind: "line" | "area" }
  // A day; its value is YYYY-MM-DD. It lies neither before nor after these.
  | { kind: "day"; from?: string; until?: string }
  // A day and a time; its value is YYYY-MM-DDTHH:MM, in Finland.
  | { kind: "moment" }
  | { kind: "check" }
  // One of an enum's names. Few are shown as radio buttons, many as a list.
  | { kind: "choice"; schema: DescEnum; only?: string[]; list?: boolean }
  // Several of an enum's names, in this order; typing narrows them down.
  | { kind: "choices"; schema: DescEnum; only?: string[] }
  // One of a few values with words of their own, by key.
  | { kind: "options"; options: Option[] }
  // A receiver: agency, unit and perhaps worker. Suggested by municipality and service.
  | { kind: "receiver"; within?: string; without?: string[]; service?: string; municipality?: string; language?: string; worker?: boolean }
  // Papers, uploaded at once; its value is their ids and names.
  | { kind: "papers" }
  // A line between the fields that says something, by key.
  | { kind: "note"; text: string }
  // What somebody wrote, to read before answering.
  | { kind: "quote"; quote: string }
  // Something of the caller's own between the fields, or a field that it draws itself.
  | { kind: "drawn"; draw: (drawn: Drawn) => ReactNode }
);

// Option is one of few. Its words are a key, or ready where they are somebody's own.
export interface Option { value: string; label?: string; ready?: string; hint?: string }

// Drawn is what a field that draws itself is given.
export interface Drawn { id: string; values: Values; value: unknown; change: (value: unknown) => void; wrong?: string }

// Values are what was typed so far, by field name; they survive as JSON.
export type Values = Record<string, unknown>;

export interface ReceiverValue { agency: string; unit?: string; worker?: string; municipality?: string }
export interface PaperValue { id: string; name: string; bytes: number }

export const text = (values: Values, name: string) => String(values[name] ?? "").trim();
export const list = (values: Values, name: string) => (values[name] as string[] | undefined) ?? [];
export const receiver = (values: Values, name: string) => values[name] as ReceiverValue | undefined;
export const paperIds = (values: Values, name: string) => ((values[name] as PaperValue[] | undefined) ?? []).map(({ id }) => id);

// shownOf are the fields that the values so far do not rule out.
export const shownOf = (fields: Field[], values: Values) => fields.filter(({ when }) => !when || when(values));
