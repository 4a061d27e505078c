import { enumToJson, type DescEnum, type EnumShape } from "@bufbuild/protobuf";

// nameOf is a value's name in the contract, for example "LOOP_PHASE_SENT": texts have it as key.
export const nameOf = <T extends DescEnum>(schema: T, value: EnumShape<T>): string => String(enumToJson(schema, value));

// namesOf are all names that an enum has, but for the one that says nothing.
export const namesOf = (schema: DescEnum): string[] => schema.values.filter((value) => value.number !== 0).map((value) => value.name);

// A client is told apart by the end of its id; names are in the open matter alone.
export const shortId = (id: string) => `…${id.slice(-5)}`;

export type Kind = "concerns" | "referrals" | "consultations" | "plans";
export const kinds: Kind[] = ["concerns", "referrals", "consultations", "plans"];
export const kindOf = (subject: string) => subject.split("/")[0] as Kind;
// isOverride tells what is no matter, but is to be decided about a client's wishes.
const toDecide = ["overrides", "confirmations"];
export const isOverride = (subject: string) => toDecide.includes(subject.split("/")[0] ?? "");
export const idOf = (subject: string) => subject.split("/")[1] ?? "";
