import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Button, FileInput } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { begun, usePapers } from "../papers";
import { Problem } from "../problem";
import type { AttachmentValue } from "./fields";
import { upload } from "./upload";
import { isUploading, uploaded, uploads } from "./uploading";

export { isUploading };

interface Props {
  id: string;
  label: string;
  hint?: string;
  wrong?: string;
  // The kind of document that all of them are; it was asked for, and names the field.
  paper?: string;
  value: AttachmentValue[];
  change: (attachments: AttachmentValue[]) => void;
}

// An upload in progress, and how to cancel it.
interface OnItsWay { key: string; name: string; size: number; sent: number; cut: boolean; cancel: () => void }

// The component lists no files: each is uploaded at once, and listed here with its progress.
const none: never[] = [];

const megabytes = (bytes: number) => (bytes / 1_000_000).toLocaleString("fi-FI", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// What a document that was asked for can be: a photograph, or a file.
const photographs = "image/*", documents = `${photographs},application/pdf`;

// usePhone reports whether the screen is small or touched: there a document is photographed, and not dragged.
const phones = matchMedia("(max-width: 30rem), (pointer: coarse)");
const usePhone = () => useSyncExternalStore((changed) => {
  phones.addEventListener("change", changed);
  return () => phones.removeEventListener("change", changed);
}, () => phones.matches);

// AttachmentsField uploads attachments: each is checked and stored as soon as it is chosen. It shows
// progress, and resumes after a lost connection.
export function AttachmentsField({ id, label, hint, wrong, paper, value, change }: Props) {
  const t = useTexts("form"), phone = usePhone(), camera = useRef<HTMLInputElement>(null), papers = usePapers(paper !== undefined);
  const named = paper ? begun(papers.name(paper)) : label;
  const [error, setError] = useState<unknown>(), [ways, setWays] = useState<OnItsWay[]>([]);
  const [said, say] = useState("");
  const attachments = useRef(value), left = useRef(new AbortController()), input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null), cancelled = useRef(false);
  attachments.current = value;
  useEffect(() => {
    const gone = left.current = new AbortController();
    return () => { gone.abort(); uploaded(id); };
  }, [id]);
  const busy = ways.length > 0;
  // After a cancellation the focus moves to the next upload, or to the file input.
  useEffect(() => {
    if (!cancelled.current) return;
    cancelled.current = false;
    (list.current?.querySelector("button") ?? input.current)?.focus();
  }, [ways.length]);
  const one = async (file: File, key: string, signal: AbortSignal) => {
    let cut = false;
    try {
      const attachment = await upload(file, signal, (now) => {
        if (now.cut !== cut) say(t(now.cut ? "uploadCut" : "uploadGoesOn", { name: file.name }));
        cut = now.cut;
        setWays((before) => before.map((way) => (way.key === key ? { ...way, ...now } : way)));
      }, paper);
      change(attachments.current = [...attachments.current, attachment]);
      say(t("uploaded", { name: file.name }));
    } catch (refused) {
      if (signal.aborted) say(t("uploadCancelled", { name: file.name }));
      else setError(refused);
    } finally {
      setWays((before) => before.filter((way) => way.key !== key));
    }
  };
  const add = async (files: File[]) => {
    if (busy || files.length === 0) return;
    setError(undefined);
    say("");
    uploads(id);
    const chosen = files.map((file) => ({ file, key: crypto.randomUUID(), ended: new AbortController() }));
    setWays(chosen.map(({ file, key, ended }) => ({
      key, name: file.name, size: file.size, sent: 0, cut: false, cancel: () => { cancelled.current = true; ended.abort(); },
    })));
    for (const { file, key, ended } of chosen) await one(file, key, AbortSignal.any([ended.signal, left.current.signal]));
    uploaded(id);
  };
  return (
    <div className={phone ? "field phone" : "field"}>
      <Problem error={error} />
      <FileInput ref={input} id={id} multiFile value={none} disabled={busy} labelText={named} hintText={hint} smallScreen={phone}
        optionalText={paper ? undefined : t("optional")} accept={paper && documents}
        inputButtonText={t("chooseFiles")} dragAreaText={t("dragFiles")} removeFileText={t("remove")} addedFileAriaText={t("addedFile")}
        multiFileListHeadingText={t("addedFiles")} status={wrong ? "error" : "default"} statusText={wrong} fullWidth
        onChange={(files) => void add([...files])} />
      {phone && paper && <>
        <input ref={camera} type="file" accept={photographs} capture="environment" hidden
          onChange={({ target }) => { const files = [...target.files ?? []]; target.value = ""; void add(files); }} />
        <Button type="button" variant="secondary" aria-label={t("photographOf", { what: papers.name(paper) })}
          aria-disabled={busy} onClick={() => camera.current?.click()} data-photograph={paper}>{t("photograph")}</Button>
      </>}
      {busy && <ul className="uploads" ref={list}>{ways.map((way) => <Way key={way.key} way={way} />)}</ul>}
      <div role="status" className="hidden">{said}</div>
      {value.length > 0 && <ul className="attachments">
        {value.map((attachment) => (
          <li key={attachment.id}>
            <bdi>{attachment.name}</bdi> <span className="quiet">{Math.ceil(attachment.bytes / 1024)} kB</span>{" "}
            <Button type="button" variant="secondaryNoBorder" aria-label={`${t("remove")}: ${attachment.name}`}
              onClick={() => change(value.filter(({ id: of }) => of !== attachment.id))}>{t("remove")}</Button>
          </li>
        ))}
      </ul>}
    </div>
  );
}

function Way({ way }: { way: OnItsWay }) {
  const t = useTexts("form"), percent = Math.floor((100 * way.sent) / Math.max(1, way.size));
  return (
    <li data-upload={way.name}>
      <p><bdi>{way.name}</bdi> <span className="quiet">
        {t(way.cut ? "uploadWaits" : "uploading", { sent: megabytes(way.sent), size: megabytes(way.size), percent })}
      </span></p>
      <progress max={way.size} value={way.sent} aria-label={t("uploadOf", { name: way.name })} />
      <Button type="button" variant="secondaryNoBorder" aria-label={t("cancelUpload", { name: way.name })} onClick={way.cancel}>
        {t("cancel")}
      </Button>
    </li>
  );
}
