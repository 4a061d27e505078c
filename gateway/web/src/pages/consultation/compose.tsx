import { createClient } from "@connectrpc/connect";
import { useContext, useRef, useState, type FormEvent, type KeyboardEvent, type Ref } from "react";
import { Button, Textarea } from "suomifi-ui-components";

import { ConsultationService, type ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useDraft } from "../../app/drafts";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { AttachmentsField, isUploading } from "../../ui/form/attachments";
import type { AttachmentValue } from "../../ui/form/fields";
import { Problem } from "../../ui/problem";
import { StepPlace } from "../matter/stepplace";

// A typing signal is sent at most this often.
const typingEvery = 2500;

// What a message does: it answers the question, asks its asker something, or neither.
type Does = "answer" | "question" | "message";

interface Draft { text: string; does: Does; attachments: AttachmentValue[]; requestId: string }
const empty: Draft = { text: "", does: "message", attachments: [], requestId: "" };

interface Props {
  id: string;
  // The addressee and who was called in can answer, or ask back; the asker asks more.
  mayAnswer: boolean;
  // The asker was asked something: what it writes replies to that.
  asked: boolean;
  // The question is answered, and the next step is another: writing is not primary.
  ends: boolean;
  // A consultation without a named client has no attachments.
  anonymous: boolean;
  field: Ref<HTMLTextAreaElement>;
  posted: (message: ConsultationMessage | undefined) => void;
}

// Compose is the message field. An answer, a question back and a message that is neither have a button
// each, because each gives the turn to another: the text stays as it is until one of them has sent it.
// The request's id belongs to the text and the button, and changes with them: a retry after a lost
// connection or a reload posts nothing twice.
export function Compose({ id, mayAnswer, asked, ends, anonymous, field, posted }: Props) {
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
  const submit = async (does: Does) => {
    if (sending) return;
    setError(undefined);
    if (!draft.text.trim()) { setMissing(true); box.current?.focus(); return; }
    if (isUploading("message-attachments")) { setEarly(true); document.getElementById("message-attachments")?.focus(); return; }
    setEarly(false);
    const requestId = (draft.does === does && draft.requestId) || crypto.randomUUID();
    change({ requestId, does });
    setSending(true);
    try {
      const { message } = await service.postMessage({
        requestId, consultationId: id, text: draft.text.trim(), answers: does === "answer", asks: does === "question",
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
  // Enter with Ctrl is the first button.
  const first = (event: FormEvent) => { event.preventDefault(); void submit(mayAnswer ? "answer" : "message"); };
  const keys = (event: KeyboardEvent) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) first(event); };
  // While the form of a step is open, its button is the primary one.
  const primary = useContext(StepPlace).chosen === undefined && !ends;
  const send = t(mayAnswer || asked ? "sendAnswer" : ends ? "sendQuestion" : "send"), label = t(asked ? "writeReply" : "write");
  return (
    <form className="compose" noValidate aria-label={label} data-form="PostMessage" onSubmit={first}>
      <Problem error={error} />
      <Textarea dir="auto" id="message"
        forwardedRef={(element: HTMLTextAreaElement | null) => {
          box.current = element;
          if (typeof field === "function") field(element); else if (field) field.current = element;
        }}
        labelText={label} hintText={anonymous ? t("anonymousHint") : undefined} value={draft.text} resize="vertical" readOnly={sending}
        maxLength={10_000} fullWidth
        onChange={(event) => write(event.target.value)} onKeyDown={keys} status={missing ? "error" : "default"}
        statusText={missing ? t("missing") : undefined} />
      {withAttachments && <AttachmentsField id="message-attachments" label={t("attachments")}
        wrong={early ? form("uploadFirst") : undefined} value={draft.attachments}
        change={(attachments) => { setEarly(false); change({ attachments, requestId: "" }); }} />}
      <div className="buttons">
        <Button type="submit" variant={primary ? "default" : "secondary"} aria-disabled={sending}
          data-send={mayAnswer ? "answer" : "message"}>
          {sending ? t("sending") : send}
        </Button>
        {mayAnswer && <>
          <Button type="button" variant="secondary" aria-disabled={sending} data-send="question" onClick={() => void submit("question")}>
            {t("sendQuestion")}
          </Button>
          <Button type="button" variant="secondaryNoBorder" aria-disabled={sending} data-send="message"
            onClick={() => void submit("message")}>
            {t("send")}
          </Button>
        </>}
        {!withAttachments && !anonymous && (
          <Button type="button" variant="secondaryNoBorder" onClick={() => showAttachments(true)}>{t("addAttachments")}</Button>
        )}
        <span className="quiet wide-only">{t("sendKey", { what: send })}</span>
      </div>
      {mayAnswer && <p className="quiet answers-hint">{t("answersHint")}</p>}
    </form>
  );
}
