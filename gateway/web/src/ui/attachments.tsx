import { useState } from "react";

import type { Attachment } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../app/language";
import { download } from "./download";
import { PaperNames } from "./papernames";
import { Problem } from "./problem";

const size = (bytes: bigint) =>
  (bytes < 1_000_000n ? `${Math.max(1, Math.round(Number(bytes) / 1000))} kB` : `${(Number(bytes) / 1_000_000).toFixed(1)} MB`);

// Attachments lists documents, each with a button that saves it.
export function Attachments({ subject, attachments }: { subject: string; attachments: Attachment[] }) {
  const t = useTexts("timeline"), [error, setError] = useState<unknown>(), [busy, setBusy] = useState<string>();
  const save = async (attachment: Attachment) => {
    setError(undefined);
    setBusy(attachment.attachmentId);
    await download(subject, attachment).catch(setError);
    setBusy(undefined);
  };
  return (
    <>
      <Problem error={error} />
      <ul className="attachments">
        {attachments.map((attachment) => (
          <li key={attachment.attachmentId}>
            <button type="button" className="plain" disabled={busy === attachment.attachmentId} onClick={() => void save(attachment)}
              data-download={attachment.attachmentId}>
              {attachment.paperKind && <><PaperNames of={[attachment.paperKind]} />: </>}<bdi>{attachment.filename}</bdi>
              <span className="hidden"> {t("download")}</span>
            </button>{" "}
            <span className="quiet">{size(attachment.sizeBytes)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
