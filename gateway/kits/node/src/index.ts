// @koppi/partner: what a partner agency's system needs to send and read Koppi's case messages.
// The messages of the contract are in @koppi/partner/koppi/….
export { Code, ConnectError, createClient } from "@connectrpc/connect";
export { beginning, ChainError, follow, intact, isTombstone, type Check, type Head, type Position } from "./chain.js";
export { connect, onBehalfOf, type Token } from "./connect.js";
export { endpoint, type Called } from "./endpoint.js";
export { FileInbox, Refused, type Inbox } from "./inbox.js";
export { poll, type Polling } from "./poll.js";
export { parseMessages } from "./read.js";
export { reasonOf } from "./reason.js";
export { run, type Options } from "./run.js";
