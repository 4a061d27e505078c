import { enumToJson, type DescEnum, type EnumShape } from "@bufbuild/protobuf";

// nameOf returns an enum value's name in the contract, for example "LOOP_PHASE_SENT"; the texts use
// it as key.
export const nameOf = <T extends DescEnum>(schema: T, value: EnumShape<T>): string => String(enumToJson(schema, value));

// namesOf returns all names of an enum, without the unspecified one.
export const namesOf = (schema: DescEnum): string[] => schema.values.filter((value) => value.number !== 0).map((value) => value.name);

// Lists identify a client by the end of its id; only the open matter shows the name.
export const shortId = (id: string) => `…${id.slice(-5)}`;

export type Kind = "concerns" | "referrals" | "consultations" | "plans";
export const kinds: Kind[] = ["concerns", "referrals", "consultations", "plans"];
export const kindOf = (subject: string) => subject.split("/")[0] as Kind;
// isOverride reports whether a row is a request to override a prohibition, which is not a matter.
const toDecide = ["overrides", "confirmations"];
export const isOverride = (subject: string) => toDecide.includes(subject.split("/")[0] ?? "");
export const idOf = (subject: string) => subject.split("/")[1] ?? "";
