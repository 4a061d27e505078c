import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb";

// Refusal is an answer that says no, with its reason for people and programs.
export interface Refusal {
  // One of the closed list, or UNREACHABLE where nothing answered.
  reason: string;
  // As the server says it, in English; shown where the reason has no words of its own.
  message: string;
  // What is wrong in which field, by the contract's names: "client.details.phones[0]".
  fields: { field: string; description: string }[];
}

// The line is down, as against an answer that says no.
export const unreachable = "UNREACHABLE";

// Nobody is signed in any more.
const ended = new Set(["SESSION_ENDED", "TOKEN_REQUIRED", "TOKEN_EXPIRED"]);

// refusedOf is a refusal that came by another way than a call, as the sign-in's.
export const refusedOf = (reason: string) => new Refused(reason);

class Refused extends Error {
  constructor(readonly reason: string) { super(reason); }
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return { reason: error.reason, message: error.reason, fields: [] };
  const said = ConnectError.from(error);
  const info = said.findDetails(ErrorInfoSchema)[0];
  const fields =
    said.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations.map(({ field, description }) => ({ field, description })));
  const down = said.code === Code.Unknown || (said.code === Code.Unavailable && !info);
  return { reason: info?.reason ?? (down ? unreachable : Code[said.code].toUpperCase()), message: said.rawMessage, fields };
}

export const sessionEnded = (error: unknown) => ended.has(refusalOf(error).reason);
