import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema } from "koppi-contract/google/rpc/error_details_pb";

// Refusal is an error answer, with its reason for people and programs.
export interface Refusal {
  // A reason of the closed list, or UNREACHABLE if nothing answered.
  reason: string;
  // The server's message in English; shown if the reason has no text.
  message: string;
  // Field violations, by the contract's names: "client.details.phones[0]".
  fields: { field: string; description: string }[];
}

// No answer: the connection is down.
export const unreachable = "UNREACHABLE";

// Nobody is signed in any more.
const ended = new Set(["SESSION_ENDED", "TOKEN_REQUIRED", "TOKEN_EXPIRED"]);

// refusedOf builds a refusal that did not come from a call, such as one of the sign-in.
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
