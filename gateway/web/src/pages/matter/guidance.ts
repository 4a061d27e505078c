import type { MessageInitShape } from "@bufbuild/protobuf";

import type { GuidanceSchema } from "koppi-contract/koppi/concern/v1/intake_pb";
import type { ReceiverValue, Values } from "../../ui/form/fields";
import { holdsIdentityCode } from "../../ui/form/identitycode";

// Guided is where a client was guided, as a form holds it: to a party of the directory, or elsewhere.
export interface Guided { other: boolean; to?: ReceiverValue; organisation: string; what: string }

// One contact has at most this many.
export const most = 5;

// guidedIn are the entries of a field's value, which is a text.
export function guidedIn(value: unknown): Guided[] {
  return value ? JSON.parse(String(value)) as Guided[] : [];
}

const target = ({ other, to, organisation }: Guided) => (other ? organisation.trim() : to?.agency ?? "");
const isEmpty = (one: Guided) => !target(one) && !one.what.trim();
const filled = (value: unknown) => guidedIn(value).filter((one) => !isEmpty(one));

// guidanceWrong is the key of what is wrong with a field's value: an entry names its target and what for.
export function guidanceWrong(value: string): string | undefined {
  const all = filled(value);
  if (all.some((one) => !target(one) || !one.what.trim())) return "guidanceIncomplete";
  return all.some(({ organisation, what }) => holdsIdentityCode(`${organisation} ${what}`)) ? "form:holdsCode" : undefined;
}

// guidanceOf is the part of a request.
export const guidanceOf = (values: Values): MessageInitShape<typeof GuidanceSchema>[] => filled(values.guidedTo).map((one) => ({
  to: one.other ? { case: "organisation", value: one.organisation.trim() }
    : { case: "party", value: { agency: one.to?.agency ?? "", unit: one.to?.unit ?? "" } },
  what: one.what.trim(),
}));
