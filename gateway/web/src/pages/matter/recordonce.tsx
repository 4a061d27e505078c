import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { Button } from "suomifi-ui-components";

import type { Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import { useTexts } from "../../app/language";
import { useRecord } from "./record";
import "./record.css";

// RecordOnce copies or prints what was recorded of a concern here, so that nobody types it again in the
// agency's own client record. The text is made in the page.
export function RecordOnce({ concern }: { concern: Concern }) {
  const t = useTexts("intake"), record = useRecord(), [copied, setCopied] = useState<boolean>(), [printing, print] = useState(false);
  const copy = () => {
    setCopied(undefined);
    // Without a secure connection there is no clipboard.
    void Promise.resolve().then(() => navigator.clipboard.writeText(record(concern))).then(() => setCopied(true), () => setCopied(false));
  };
  useEffect(() => {
    if (!printing) return;
    const end = () => print(false);
    addEventListener("afterprint", end);
    window.print();
    return () => removeEventListener("afterprint", end);
  }, [printing]);
  return (
    <section className="record" aria-label={t("record")} data-record>
      <div className="buttons">
        <Button type="button" variant="secondary" onClick={copy} data-record-copy>{t("recordCopy")}</Button>
        <Button type="button" variant="secondary" onClick={() => print(true)} data-record-print>{t("recordPrint")}</Button>
      </div>
      <p role="status">{copied === true && <><span aria-hidden="true" className="shape">✓</span>{t("recordCopied")}</>}
        {copied === false && t("recordNotCopied")}</p>
      {copied === false && <pre tabIndex={0} aria-label={t("record")} dir="auto">{record(concern)}</pre>}
      {printing && createPortal(<div className="record-sheet" dir="auto">{record(concern)}</div>, document.body)}
    </section>
  );
}
