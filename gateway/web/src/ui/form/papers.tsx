import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { AttachmentService } from "#gen/koppi/attachment/v1/attachment_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Problem } from "../problem";
import type { PaperValue } from "./fields";

// upload sends a file in parts; each part again changes nothing, so a cut line may try again.
async function upload(file: File): Promise<PaperValue> {
  const attachments = createClient(AttachmentService, transport), content = new Uint8Array(await file.arrayBuffer());
  const { attachmentId, chunkBytes } = await attachments.startUpload({ requestId: crypto.randomUUID(), filename: file.name, mediaType: file.type, sizeBytes: BigInt(file.size) });
  for (let offset = 0; offset < content.length; offset += chunkBytes) await attachments.uploadChunk({ attachmentId, offset: BigInt(offset), data: content.slice(offset, offset + chunkBytes) });
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  await attachments.finishUpload({ attachmentId, sha256 });
  return { id: attachmentId, name: file.name, bytes: file.size };
}

interface Props { id: string; label: string; hint?: string; value: PaperValue[]; change: (papers: PaperValue[]) => void }

// PapersField takes papers along: each is checked and stored as soon as it is chosen.
export function PapersField({ id, label, hint, value, change }: Props) {
  const t = useTexts("form"), [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false);
  const add = async (files: File[]) => {
    setError(undefined);
    setBusy(true);
    let papers = value;
    try {
      for (const file of files) change(papers = [...papers, await upload(file)]);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label} <span className="quiet">({t("optional")})</span></label>
      {hint && <p className="quiet">{hint}</p>}
      <Problem error={error} />
      <input id={id} type="file" multiple disabled={busy} onChange={(event) => { void add([...(event.target.files ?? [])]); event.target.value = ""; }} />
      <div role="status">{busy && t("uploading")}</div>
      {value.length > 0 && <ul className="papers">{value.map((paper) => <li key={paper.id}>{paper.name} <span className="quiet">{Math.ceil(paper.bytes / 1024)} kB</span> <Button type="button" variant="secondaryNoBorder" onClick={() => change(value.filter(({ id: of }) => of !== paper.id))}>{t("remove")}</Button></li>)}</ul>}
    </div>
  );
}
