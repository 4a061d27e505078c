// The inbox: a file with a line a message, as it was hashed, and the cursor behind
// it. Message and cursor are one write, so that neither is ever without the other:
// that is what makes each message take effect exactly once. The Go kit reads and
// writes the same form. One process at a time may have the file.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { clone, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CaseMessageSchema, type CaseMessage } from "../gen/koppi/exchange/v1/exchange_pb.js";
import { beginning, ChainError, follow, intact, isTombstone, type Position } from "./chain.js";

// Inbox keeps what came, and how far it has come. Make your own over a database: store a message,
// or what it does, and the position behind it in one transaction.
export interface Inbox {
  readonly position: Position;
  // has tells whether a message was taken before, by service, sequence and chain hash. It throws a
  // ChainError where another was taken in its place: Koppi was restored from a backup.
  has(message: CaseMessage): boolean | Promise<boolean>;
  // take verifies a message (follow) and has it stored for good before it returns, with its position.
  take(message: CaseMessage, cursor: string): void | Promise<void>;
  // takeAgain keeps a message that was a tombstone when its turn was (intact). It has no place in
  // the chain, and moves no position.
  takeAgain(message: CaseMessage): void | Promise<void>;
}

// Refused is thrown by an inbox that refuses a message for good: Koppi parks its matter until
// somebody asks for another delivery. After any other error Koppi tries again.
export class Refused extends Error {}

interface Line {
  cursor: string;
  nonce?: string;
  record: string;
  tombstone?: boolean;
  redelivered?: boolean;
  content_hash: string;
  chain_hash: string;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? "", "base64"));
const sumOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

function write(message: CaseMessage, cursor: string): string {
  const again = message.redelivered ? { redelivered: true } : {};
  const hashes = { ...again, content_hash: base64(message.contentHash), chain_hash: base64(message.chainHash) };
  let line: Line = { cursor, nonce: base64(message.nonce), record: base64(message.record), ...hashes };
  if (isTombstone(message)) {
    const left = clone(CaseMessageSchema, message);
    left.contentHash = left.chainHash = new Uint8Array();
    line = { cursor, record: base64(toBinary(CaseMessageSchema, left)), tombstone: true, ...hashes };
  }
  const text = JSON.stringify(line);
  return `${text} ${sumOf(text)}\n`;
}

function read(text: string): { message: CaseMessage; cursor: string } {
  const cut = text.lastIndexOf(" ");
  if (sumOf(text.slice(0, cut)) !== text.slice(cut + 1)) throw new Error("the line is not what was written");
  const line = JSON.parse(text.slice(0, cut)) as Line;
  const record = bytes(line.record);
  const message = fromBinary(CaseMessageSchema, record);
  if (!line.tombstone) Object.assign(message, { record, nonce: bytes(line.nonce) });
  Object.assign(message, {
    contentHash: bytes(line.content_hash), chainHash: bytes(line.chain_hash), redelivered: line.redelivered ?? false,
  });
  return { message, cursor: line.cursor };
}

// FileInbox is an inbox in one file.
export class FileInbox implements Inbox {
  position: Position = beginning;
  // The chain hash of each message, by service and sequence.
  readonly #held = new Map<string, string[]>();
  readonly #file: number;

  // Opens or makes the file and verifies all of it. A last line that was cut off in
  // writing was never acknowledged; it is dropped, and Koppi sends it again.
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = openSync(path, "a+", 0o600);
    const text = readFileSync(this.#file);
    const size = text.lastIndexOf(0x0a) + 1;
    const lines = text.subarray(0, size).toString("utf8").split("\n").slice(0, -1);
    for (const [index, line] of lines.entries()) {
      try {
        const { message, cursor } = read(line);
        if (message.redelivered) intact(message);
        else this.#hold(message, follow(this.position, message, cursor));
      } catch (error) {
        throw new Error(`${path}, line ${index + 1}: ${(error as Error).message}`);
      }
    }
    ftruncateSync(this.#file, size);
  }

  #hold(message: CaseMessage, behind: Position): void {
    this.position = behind;
    const held = this.#held.get(message.service) ?? [];
    this.#held.set(message.service, held);
    held.push(base64(message.chainHash));
  }

  has(message: CaseMessage): boolean {
    const { service, sequence, chainHash } = message;
    const held = this.#held.get(service)?.[Number(sequence) - 1];
    if (held === undefined) return false;
    if (held !== base64(chainHash)) {
      throw new ChainError("history", message, "the inbox holds another, Koppi's history is not the inbox's");
    }
    return true;
  }

  take(message: CaseMessage, cursor: string): void {
    const behind = follow(this.position, message, cursor);
    this.#append(message, cursor);
    this.#hold(message, behind);
  }

  takeAgain(message: CaseMessage): void {
    intact(message);
    this.#append(message, this.position.cursor);
  }

  #append(message: CaseMessage, cursor: string): void {
    writeSync(this.#file, write(message, cursor));
    fsyncSync(this.#file);
  }

  close(): void { closeSync(this.#file); }
}
