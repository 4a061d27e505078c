import { createClient } from "@connectrpc/connect";
import { useRef, useState, type FormEvent, type KeyboardEvent, type Ref } from "react";
import { Button, Checkbox, Textarea } from "suomifi-ui-components";

import { ConsultationService, type ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { AttachmentsField, isUploading } from "../../ui/form/attachments";
import type { AttachmentValue } from "../../ui/form/fields";
import { Problem } from "../../ui/problem";

// A typing signal is sent at most this often.
const typingEvery = 2500;

interface Draft { text: string; answers: boolean; attachments: AttachmentValue[]; requestId: string }
const empty: Draft = { text: "", answers: false, attachments: [], requestId: "" };

interface Props {
  id: string;
  // The addressee can mark a message as the answer.
  mayAnswer: boolean;
  // A consultation without a named client has no attachments.
  anonymous: boolean;
  field: Ref<HTMLTextAreaElement>;
  posted: (message: ConsultationMessage | undefined) => void;
}

// Compose is the message field. The request's id belongs to the text and changes with it: a retry
// after a lost connection or a reload posts nothing twice.
export function Compose({ id, mayAnswer, anonymous, field, posted }: Props) {
  const t = useTexts("consultation"), form = useTexts("form"), [draft, change, forget] = useDraft<Draft>(`PostMessage ${id}`, empty);
  const [error, setError] = useState<unknown>(), [sending, setSending] = useState(false), [missing, setMissing] = useState(false);
  const [early, setEarly] = useState(false), [withAttachments, showAttachments] = useState(draft.attachments.length > 0);
  const typed = useRef(0), box = useRef<HTMLTextAreaElement>(null), service = createClient(ConsultationService, transport);

  const write = (text: string) => {
    change({ text, requestId: "" });
    setMissing(false);
    if (text && performance.now() - typed.current > typingEvery) {
      typed.current = performance.now();
      service.signalTyping({ consultationId: id }).catch(() => undefined); // A lost signal does no harm.
    }
  };
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    if (sending) return;
    setError(undefined);
    if (!draft.text.trim()) { setMissing(true); box.current?.focus(); return; }
    if (isUploading("message-attachments")) { setEarly(true); document.getElementById("message-attachments")?.focus(); return; }
    setEarly(false);
    const requestId = draft.requestId || crypto.randomUUID();
    change({ requestId });
    setSending(true);
    try {
      const { message } = await service.postMessage({
        requestId, consultationId: id, text: draft.text.trim(), answers: mayAnswer && draft.answers,
        attachmentIds: draft.attachments.map((attachment) => attachment.id),
      });
      forget();
      showAttachments(false);
      typed.current = 0;
      posted(message);
      box.current?.focus();
    } catch (refused) {
      setError(refused);
    } finally {
      setSending(false);
    }
  };
  const keys = (event: KeyboardEvent) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event); };
  return (
    <form className="compose" noValidate aria-label={t("write")} data-form="PostMessage" onSubmit={(event) => void submit(event)}>
      <Problem error={error} />
      <Textarea dir="auto" id="message"
        forwardedRef={(element: HTMLTextAreaElement | null) => {
          box.current = element;
          if (typeof field === "function") field(element); else if (field) field.current = element;
        }}
        labelText={t("write")} hintText={anonymous ? t("anonymousHint") : undefined} value={draft.text} resize="vertical" readOnly={sending}
        maxLength={10_000} fullWidth
        onChange={(event) => write(event.target.value)} onKeyDown={keys} status={missing ? "error" : "default"}
        statusText={missing ? t("missing") : undefined} />
      {mayAnswer && <Checkbox id="answers" checked={draft.answers} hintText={t("answersHint")}
        onClick={({ checkboxState }) => change({ answers: checkboxState, requestId: "" })}>{t("answers")}</Checkbox>}
      {withAttachments && <AttachmentsField id="message-attachments" label={t("attachments")}
        wrong={early ? form("uploadFirst") : undefined} value={draft.attachments}
        change={(attachments) => { setEarly(false); change({ attachments, requestId: "" }); }} />}
      <div className="buttons">
        <Button type="submit" aria-disabled={sending} data-send>{t(sending ? "sending" : "send")}</Button>
        {!withAttachments && !anonymous && (
          <Button type="button" variant="secondary" onClick={() => showAttachments(true)}>{t("addAttachments")}</Button>
        )}
        <span className="quiet wide-only">{t("sendKey")}</span>
      </div>
    </form>
  );
}
