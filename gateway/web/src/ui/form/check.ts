import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import type { Field, Values } from "./fields";

// Wrong is what is wrong with a field: by key of the form's texts, or in the rule's words.
export interface Wrong { name: string; key?: string; text?: string; reason?: string }

const empty = (value: unknown) => value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

// check finds what the server would refuse: what is missing, and what the contract's own
// rules say of the request. The rules are loaded with the first form that is sent.
export async function check<T extends DescMessage>(schema: T, request: MessageShape<T>, shown: Field[], values: Values): Promise<Wrong[]> {
  const wrong: Wrong[] = shown.filter((field) => field.required && empty(values[field.name])).map(({ name }) => ({ name, key: "required" }));
  const { createValidator } = await import("@bufbuild/protovalidate");
  const result = createValidator().validate(schema, request);
  if (result.kind !== "invalid") return wrong;
  for (const { field: path, message, ruleId } of result.violations) {
    const name = path.map((part) => ("name" in part ? part.name : "")).filter(Boolean).join(".");
    const field = shown.find((one) => [one.name, ...(one.of ?? [])].some((of) => name === of || name.startsWith(`${of}.`)));
    if (field && !wrong.some((one) => one.name === field.name)) wrong.push(ruleId.endsWith("max_len") ? { name: field.name, key: "tooLong" } : { name: field.name, key: ruleId === "required" ? "required" : undefined, text: message });
  }
  return wrong;
}
