import { createClient } from "@connectrpc/connect";

import { AttachmentService } from "koppi-contract/koppi/attachment/v1/attachment_pb";
import type { Attachment } from "koppi-contract/koppi/common/v1/party_pb";
import { transport } from "../app/transport";

// download saves an attachment as a file; each download is a recorded reading through its subject.
export async function download(subject: string, { attachmentId, filename, mediaType }: Attachment) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const { data } of createClient(AttachmentService, transport).download({
    attachmentId, subject,
  })) parts.push(new Uint8Array(data));
  const address = URL.createObjectURL(new Blob(parts, { type: mediaType })), link = document.createElement("a");
  link.href = address;
  link.download = filename;
  link.click();
  // The browser needs the URL until it has begun to save.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
