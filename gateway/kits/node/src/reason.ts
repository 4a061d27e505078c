// Refusals of Koppi's say a reason, by which a program acts.
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";

// reasonOf is why Koppi refused a call, such as STALE_ETAG; undefined for an error of the network. Expect
// reasons that you do not know: act on the error's code then.
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  return error.findDetails(ErrorInfoSchema).find((info) => info.domain === "koppi")?.reason;
}

// Reasons that a repetition cannot mend. One that is not among them, which may be of a later version
// of Koppi, does not stop a reader: it tries again, ever more slowly.
const finalReasons = new Set([
  "TOKEN_REQUIRED", "TOKEN_INVALID", "CERTIFICATE_REFUSED", "UNKNOWN_PARTY", "ROLE_NOT_ALLOWED", "INVALID_FIELD", "INVALID_CURSOR",
  "HISTORY_DIVERGED", "TAKEN_OVER", "NOT_SERVED",
]);

export const isFinalReason = (reason: string | undefined) => reason !== undefined && finalReasons.has(reason);
