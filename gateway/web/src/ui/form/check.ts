import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import { unreachable, type Refusal } from "../../app/refusal";
import { isDay, isMoment } from "./days";
import type { Field, Values } from "./fields";
import { holdsIdentityCode } from "./identitycode";

// Wrong is an error of a field: a key of the forms' texts or of the form's own, the reason of a
// refusal, or the text of the rule. An error of no field has only a path.
// With owed, the form itself asks for a value: it is wrong no longer once another field makes up for it.
export interface Wrong { name: string; key?: string; own?: string; text?: string; reason?: string; path?: string; owed?: boolean }

const empty = (value: unknown) => value === undefined || value === "" || value === false || (Array.isArray(value) && value.length === 0);

// closeness returns how specifically a field matches a path of the request, such as
// "basis.consented_at": the length of the longest matching name; 0 if none matches.
const closeness = (field: Field, path: string) => Math.max(0, ...[field.name, ...(field.of ?? [])].filter((of) =>
  path === of || path.startsWith(`${of}.`) || path.startsWith(`${of}[`)).map(({ length }) => length));

// answering returns the shown field that matches the path most specifically.
function answering(path: string, shown: Field[]): Field | undefined {
  const nearest = Math.max(0, ...shown.map((field) => closeness(field, path)));
  return nearest ? shown.find((field) => closeness(field, path) === nearest) : undefined;
}

// Keys for refusals whose reason concerns another field.
const asks: Record<string, string> = { "basis.consented_at": "consentTime", "basis.provision": "provision" };

// Keys for rules of the contract, in the form's own words.
function keyOf(ruleId: string): string {
  if (ruleId.endsWith("max_len") || ruleId.endsWith("max_items")) return "tooLong";
  if (/(required|min_len|min_items|not_in|uuid)$/.test(ruleId)) return "required";
  return "invalid";
}

// verified returns what is wrong with the value of one field, as far as the field alone tells.
export function verified(field: Field, values: Values): Wrong | undefined {
  const { name, kind } = field, value = String(values[name] ?? "").trim();
  if (!value) return undefined;
  const own = field.verify?.(value);
  if (own) return { name, own };
  if (kind === "moment" && !isMoment(value)) return { name, key: "notMoment" };
  if (kind === "day") {
    if (!isDay(value)) return { name, key: "notDay" };
    if (field.until && value > field.until) return { name, key: "dayAhead" };
    if (field.from && value < field.from) return { name, key: "dayLongAgo" };
  }
  return !field.verify && (kind === "line" || kind === "area") && holdsIdentityCode(value) ? { name, key: "holdsCode" } : undefined;
}

// validator knows the contract's own rules too. It is loaded when the first form is checked.
async function validator() {
  const [{ createValidator }, { createRegistry }, { provision }] = await Promise.all([
    import("@bufbuild/protovalidate"), import("@bufbuild/protobuf"), import("koppi-contract/koppi/common/v1/provision_pb"),
  ]);
  return createValidator({ registry: createRegistry(provision) });
}

// check finds what the server would refuse: missing values, and violations of the contract's rules.
export async function check<T extends DescMessage>(schema: T, request: MessageShape<T>, shown: Field[], values: Values): Promise<Wrong[]> {
  const wrong: Wrong[] =
    shown.filter((field) => field.required && empty(values[field.name])).map(({ name }) => ({ name, key: "required", owed: true }));
  wrong.push(...shown.map((field) => verified(field, values)).filter((one) => one !== undefined));
  const result = (await validator()).validate(schema, request);
  // A rule that cannot be evaluated is a fault of the pages, and must not pass unseen.
  if (result.kind === "error") throw result.error;
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

// refusedFields returns the shown fields that a refusal concerns. An error of no shown field has no
// name; the summary shows it.
export function refusedFields({ fields, reason }: Refusal, shown: Field[]): Wrong[] {
  const wrong = fields.map(({ field: path, description }): Wrong => {
    const found = answering(path, shown);
    if (!found) return { name: "", text: description, reason, path };
    // The general message adds nothing beside the field.
    const own = reason === "INVALID_FIELD" || reason === "LEGAL_BASIS_REQUIRED" ? asks[path] : undefined;
    const key = own ?? (reason === "INVALID_FIELD" ? "invalid" : undefined);
    return { name: found.name, text: description, reason, key };
  });
  return wrong.filter((one, index) => wrong.findIndex(({ name, path }) => name === one.name && path === one.path) === index);
}

// mayHaveArrived reports whether the failed request may have taken effect.
export const mayHaveArrived = ({ reason }: Refusal) =>
  [unreachable, "UNAVAILABLE", "INTERNAL", "BUSY", "DEADLINEEXCEEDED", "CANCELED"].includes(reason);
