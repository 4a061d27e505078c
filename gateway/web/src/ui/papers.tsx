import { useState } from "react";

import type { Attachment } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../app/language";
import { download } from "./download";
import { Problem } from "./problem";

const size = (bytes: bigint) =>
  (bytes < 1_000_000n ? `${Math.max(1, Math.round(Number(bytes) / 1000))} kB` : `${(Number(bytes) / 1_000_000).toFixed(1)} MB`);

// Papers lists documents, each with a button that saves it.
export function Papers({ subject, papers }: { subject: string; papers: Attachment[] }) {
  const t = useTexts("timeline"), [error, setError] = useState<unknown>(), [busy, setBusy] = useState<string>();
  const save = async (paper: Attachment) => {
    setError(undefined);
    setBusy(paper.attachmentId);
    await download(subject, paper).catch(setError);
    setBusy(undefined);
  };
  return (
    <>
      <Problem error={error} />
      <ul className="papers">
        {papers.map((paper) => (
          <li key={paper.attachmentId}>
            <button type="button" className="plain" disabled={busy === paper.attachmentId} onClick={() => void save(paper)}
              data-download={paper.attachmentId}>
              <bdi>{paper.filename}</bdi>
              <span className="hidden"> {t("download")}</span>
            </button>{" "}
            <span className="quiet">{size(paper.sizeBytes)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
