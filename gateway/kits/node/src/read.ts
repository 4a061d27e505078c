// Messages in JSON. What a message says is read of its record, which is what was hashed: a kind
// of event, a field or a value that came with a later version of Koppi is in it as it was sent.
// The readable form is for people: JSON writes an event by its fields, and a kind that is not
// known could not be read.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { DeliverRequestSchema, type CaseMessage, type DeliverRequest } from "../gen/koppi/exchange/v1/exchange_pb.js";
import { recordOf } from "./chain.js";

const isSame = (a: CaseMessage, b: CaseMessage) => a.sequence === b.sequence && a.service === b.service && a.mailbox === b.mailbox;

// A message whose record cannot be read or belongs in another place stays as it is, and fails verification.
function fromRecord(message: CaseMessage): CaseMessage {
  const recorded = message.record.length > 0 ? recordOf(message) : undefined;
  if (!recorded || !isSame(recorded, message)) return message;
  const { record, nonce, contentHash, chainHash, redelivered, traceparent } = message;
  return Object.assign(recorded, { record, nonce, contentHash, chainHash, redelivered, traceparent });
}

export function readRequest(body: string): DeliverRequest {
  const readable = JSON.parse(body) as { messages?: { record?: string; event?: unknown }[] };
  for (const message of readable.messages ?? []) if (message.record) delete message.event;
  const request = fromJson(DeliverRequestSchema, readable as JsonValue, { ignoreUnknownFields: true });
  request.messages = request.messages.map(fromRecord);
  return request;
}

// parseMessages reads the messages of a body in JSON: of a DeliverRequest, or of a ListMessagesResponse
// with records. It verifies nothing: follow and intact do.
export const parseMessages = (body: string): CaseMessage[] => readRequest(body).messages;
