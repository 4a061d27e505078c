// The proof that a mailbox is complete, in order and unchanged: each message's
// record has its hash, and each hash follows the one before.
import { createHash } from "node:crypto";
import { clone, equals, fromBinary } from "@bufbuild/protobuf";
import { CaseMessageSchema, type CaseMessage } from "../gen/koppi/exchange/v1/exchange_pb.js";

export interface Head { sequence: bigint; chainHash: Uint8Array }

// Position is how far a reader has come, in the mailbox of each service.
export interface Position { cursor: string; heads: ReadonlyMap<string, Head> }

export const beginning: Position = { cursor: "", heads: new Map() };

// Check is one of the checks that a message must pass, as the contract's test vectors name them.
export type Check = "sequence" | "record" | "view" | "chain" | "history";

// ChainError is never to be tried again and always to be looked into.
export class ChainError extends Error {
  constructor(readonly check: Check, { sequence, service, mailbox }: CaseMessage, problem: string) {
    super(`message ${sequence} of the ${service} mailbox of ${mailbox}: ${problem}`);
    this.name = "ChainError";
  }
}

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

// A tombstone stands where content was withdrawn, erased or parked: its hashes stay.
export const isTombstone = (message: CaseMessage) => message.record.length === 0 && !message.event && message.withheld.length > 0;

export function recordOf(message: CaseMessage): CaseMessage | undefined {
  try {
    return fromBinary(CaseMessageSchema, message.record);
  } catch {
    return undefined;
  }
}

// isItsRecord compares the readable fields with the record, over which the hash is computed. A
// field beside the record that a later version of Koppi adds proves nothing and is not compared.
function isItsRecord(message: CaseMessage): boolean {
  const recorded = recordOf(message);
  if (!recorded) return false;
  const bare = clone(CaseMessageSchema, message);
  bare.record = bare.nonce = bare.contentHash = bare.chainHash = new Uint8Array();
  bare.redelivered = false;
  bare.traceparent = "";
  delete bare.$unknown;
  delete recorded.$unknown;
  return equals(CaseMessageSchema, bare, recorded);
}

// intact throws where a message is not what was hashed; a tombstone has nothing to show.
export function intact(message: CaseMessage): void {
  if (isTombstone(message)) return;
  if (!same(sha256(message.nonce, message.record), message.contentHash)) {
    throw new ChainError("record", message, "its record is not what was hashed");
  }
  if (!isItsRecord(message)) throw new ChainError("view", message, "it is not its record");
}

// after says which message was the last one of a service, and what to do if there was none.
const after = (last: bigint) =>
  `it comes after message ${last}${last === 0n ? ": an empty inbox needs a consumer of its own, or a rewound endpoint" : ""}`;

// follow verifies the next message and returns the position behind it.
export function follow(position: Position, message: CaseMessage, cursor: string): Position {
  const head = position.heads.get(message.service) ?? { sequence: 0n, chainHash: new Uint8Array(32) };
  if (message.sequence !== head.sequence + 1n) throw new ChainError("sequence", message, after(head.sequence));
  intact(message);
  const chainHash = sha256(head.chainHash, message.contentHash);
  if (!same(chainHash, message.chainHash)) throw new ChainError("chain", message, "it does not follow the message before it");
  return { cursor, heads: new Map(position.heads).set(message.service, { sequence: message.sequence, chainHash }) };
}
