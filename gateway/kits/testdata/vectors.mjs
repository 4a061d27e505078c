// Usage: node vectors.mjs KIT FOLDER
// Passes each test vector of the contract through the kit, and prints where it does not make of it what the vector says.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [kit, folder] = process.argv.slice(2);
const { beginning, follow, intact, isTombstone, parseMessages } = await import(kit);
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const { messages, expect } = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const handedOn = [];
  let position = beginning;
  let fails;
  for (const [at, message] of parseMessages(JSON.stringify({ messages })).entries()) {
    try {
      if (message.redelivered) intact(message);
      else position = follow(position, message, "");
    } catch (error) {
      fails = { at, check: error.check };
      break;
    }
    handedOn.push({
      messageId: message.messageId, subject: message.subject, type: message.event?.typeUrl ?? "", value: base64(message.event?.value ?? new Uint8Array()),
      tombstone: isTombstone(message), redelivered: message.redelivered,
    });
  }
  const heads = [...position.heads].map(([service, head]) => [service, Number(head.sequence), base64(head.chainHash)]).sort();
  const want = {
    fails: expect.fails,
    heads: Object.entries(expect.heads).map(([service, head]) => [service, head.sequence, head.chainHash]).sort(),
    handedOn: (expect.handedOn ?? []).map(({ messageId, subject, type = "", value = "", tombstone = false, redelivered = false }) =>
      ({ messageId, subject, type, value, tombstone, redelivered })),
  };
  const [got, wanted] = [JSON.stringify({ fails, heads, handedOn }), JSON.stringify(want)];
  if (got !== wanted) console.log(`${file}: ${got}, want ${wanted}`);
}
console.log("done");
