// Usage: node poll.mjs ADDRESS TOKEN_FILE INBOX
import { readFileSync } from "node:fs";
import { connect, FileInbox, poll } from "@koppi/partner";

const [address, tokenFile, inbox] = process.argv.slice(2);
const transport = connect(address, () => readFileSync(tokenFile, "utf8").trim());
await poll({ transport, consumer: "node-poll", inbox: new FileInbox(inbox) });
process.exit(0);
