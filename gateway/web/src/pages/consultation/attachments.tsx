import { createClient } from "@connectrpc/connect";
import { useState } from "react";

import { AttachmentService } from "koppi-contract/koppi/attachment/v1/attachment_pb";
import type { Attachment } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Problem } from "../../ui/problem";

// save downloads an attachment and saves it as a file; opening one is a recorded reading.
async function save({ attachmentId, filename, mediaType }: Attachment, subject: string) {
  const parts: BlobPart[] = [];
  for await (const { data } of createClient(AttachmentService, transport).download({ attachmentId, subject })) parts.push(data as BlobPart);
  const link = document.createElement("a"), url = URL.createObjectURL(new Blob(parts, { type: mediaType }));
  link.href = url;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function Attachments({ attachments, subject }: { attachments: Attachment[]; subject: string }) {
  const t = useTexts("consultation"), [error, setError] = useState<unknown>();
  if (!attachments.length) return null;
  return (
    <>
      <Problem error={error} />
      <ul className="attachments" aria-label={t("attachments")}>
        {attachments.map((attachment) => (
          <li key={attachment.attachmentId}>
            <button type="button" className="plain"
              onClick={() => { setError(undefined); void save(attachment, subject).catch(setError); }}>
              <bdi>{attachment.filename}</bdi>
            </button> <span className="quiet">{Math.ceil(Number(attachment.sizeBytes) / 1024)} kB</span>
          </li>
        ))}
      </ul>
    </>
  );
}
