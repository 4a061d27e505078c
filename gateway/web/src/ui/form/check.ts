import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import { unreachable, type Refusal } from "../../app/refusal";
import type { Field, Values } from "./fields";

// Wrong is what is wrong with a field: by key of the form's texts, by the reason of a
// refusal, or in the rule's words.
export interface Wrong { name: string; key?: string; text?: string; reason?: string }

const empty = (value: unknown) => value === undefined || value === "" || value === false || (Array.isArray(value) && value.length === 0);

// answers tells whether a field answers for one of the request's: "basis.consented_at".
const answers = (field: Field, path: string) => [field.name, ...(field.of ?? [])].some((of) => path === of || path.startsWith(`${of}.`) || path.startsWith(`${of}[`));

// What a rule of the contract asks for, in the form's own words.
function keyOf(ruleId: string): string {
  if (ruleId.endsWith("max_len") || ruleId.endsWith("max_items")) return "tooLong";
  if (/(required|min_len|min_items|not_in|uuid)$/.test(ruleId)) return "required";
  return "invalid";
}

// check finds what the server would refuse: what is missing, and what the contract's own
// rules say of the request. The rules are loaded with the first form that is sent.
export async function check<T extends DescMessage>(schema: T, request: MessageShape<T>, shown: Field[], values: Values): Promise<Wrong[]> {
  const wrong: Wrong[] = shown.filter((field) => field.required && empty(values[field.name])).map(({ name }) => ({ name, key: "required" }));
  const { createValidator } = await import("@bufbuild/protovalidate");
  const result = createValidator().validate(schema, request);
  if (result.kind === "invalid") {
    for (const { field: path, ruleId } of result.violations) {
      const name = path.map((part) => ("name" in part ? part.name : "")).filter(Boolean).join(".");
      const field = shown.find((one) => answers(one, name));
      if (field && !wrong.some((one) => one.name === field.name)) wrong.push({ name: field.name, key: keyOf(ruleId) });
    }
  }
  const place = (one: Wrong) => shown.findIndex(({ name }) => name === one.name);
  return wrong.sort((a, b) => place(a) - place(b));
}

// refusedFields are the shown fields that a refusal is about.
export function refusedFields({ fields, reason }: Refusal, shown: Field[]): Wrong[] {
  const wrong = fields.flatMap(({ field, description }) => {
    const found = shown.find((one) => answers(one, field));
    return found ? [{ name: found.name, text: description, reason }] : [];
  });
  return wrong.filter((one, index) => wrong.findIndex(({ name }) => name === one.name) === index);
}

// mayHaveArrived tells whether what was refused may have had its effect all the same.
export const mayHaveArrived = ({ reason }: Refusal) => [unreachable, "UNAVAILABLE", "INTERNAL", "BUSY", "DEADLINEEXCEEDED", "CANCELED"].includes(reason);
