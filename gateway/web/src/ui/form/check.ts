import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import { unreachable, type Refusal } from "../../app/refusal";
import type { Field, Values } from "./fields";

// Wrong is what is wrong with a field: by key of the form's texts, by the reason of a
// refusal, or in the rule's words. What no field of the form answers for has a path alone.
export interface Wrong { name: string; key?: string; text?: string; reason?: string; path?: string }

const empty = (value: unknown) => value === undefined || value === "" || value === false || (Array.isArray(value) && value.length === 0);

// closeness is how nearly a field answers for one of the request's, such as
// "basis.consented_at": by the longest of the names that it goes by; 0 where it does not.
const closeness = (field: Field, path: string) => Math.max(0, ...[field.name, ...(field.of ?? [])].filter((of) =>
  path === of || path.startsWith(`${of}.`) || path.startsWith(`${of}[`)).map(({ length }) => length));

// answering is the shown field that answers most nearly.
function answering(path: string, shown: Field[]): Field | undefined {
  const nearest = Math.max(0, ...shown.map((field) => closeness(field, path)));
  return nearest ? shown.find((field) => closeness(field, path) === nearest) : undefined;
}

// What a field's refusal asks for, where its reason says it of something else.
const asks: Record<string, string> = { "basis.consented_at": "consentTime", "basis.provision": "provision" };

// What a rule of the contract asks for, in the form's own words.
function keyOf(ruleId: string): string {
  if (ruleId.endsWith("max_len") || ruleId.endsWith("max_items")) return "tooLong";
  if (/(required|min_len|min_items|not_in|uuid)$/.test(ruleId)) return "required";
  return "invalid";
}

// outside tells what is wrong with a day that lies outside of what its field allows.
function outside(field: Field, value: string): string | undefined {
  if (field.kind !== "day") return undefined;
  return field.until && value > field.until ? "dayAhead" : field.from && value < field.from ? "dayLongAgo" : undefined;
}

// check finds what the server would refuse: what is missing, and what the contract's own
// rules say of the request. The rules are loaded with the first form that is sent.
export async function check<T extends DescMessage>(schema: T, request: MessageShape<T>, shown: Field[], values: Values): Promise<Wrong[]> {
  const wrong: Wrong[] =
    shown.filter((field) => field.required && empty(values[field.name])).map(({ name }) => ({ name, key: "required" }));
  for (const field of shown) {
    const value = field.kind === "day" && String(values[field.name] ?? ""), key = value && outside(field, value);
    if (key) wrong.push({ name: field.name, key });
  }
  const { createValidator } = await import("@bufbuild/protovalidate");
  const result = createValidator().validate(schema, request);
  if (result.kind === "invalid") {
    for (const { field: path, ruleId } of result.violations) {
      const name = path.map((part) => ("name" in part ? part.name : "")).filter(Boolean).join(".");
      const field = answering(name, shown);
      if (field && !wrong.some((one) => one.name === field.name)) wrong.push({ name: field.name, key: keyOf(ruleId) });
    }
  }
  const place = (one: Wrong) => shown.findIndex(({ name }) => name === one.name);
  return wrong.sort((a, b) => place(a) - place(b));
}

// refusedFields are the shown fields that a refusal is about. What none of them answers for
// has no name: the summary says it all the same.
export function refusedFields({ fields, reason }: Refusal, shown: Field[]): Wrong[] {
  const wrong = fields.map(({ field: path, description }): Wrong => {
    const found = answering(path, shown);
    if (!found) return { name: "", text: description, reason, path };
    // Beside its field the general words say less than to look here.
    const own = reason === "INVALID_FIELD" || reason === "LEGAL_BASIS_REQUIRED" ? asks[path] : undefined;
    const key = own ?? (reason === "INVALID_FIELD" ? "invalid" : undefined);
    return { name: found.name, text: description, reason, key };
  });
  return wrong.filter((one, index) => wrong.findIndex(({ name, path }) => name === one.name && path === one.path) === index);
}

// mayHaveArrived tells whether what was refused may have had its effect all the same.
export const mayHaveArrived = ({ reason }: Refusal) =>
  [unreachable, "UNAVAILABLE", "INTERNAL", "BUSY", "DEADLINEEXCEEDED", "CANCELED"].includes(reason);
