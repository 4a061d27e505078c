import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { useId, useState } from "react";

import { useDraft } from "../../app/drafts";
import { refusalOf } from "../../app/refusal";
import { check, mayHaveArrived, refusedFields, verified, type Wrong } from "./check";
import type { Field, Values } from "./fields";
import { isUploading } from "./uploading";

export interface Sending<T extends DescMessage> {
  // The key of the draft: one form of one matter. Without one, nothing that is typed is stored.
  draft?: string;
  schema: T;
  initial?: Values;
  // make builds the request from the values. requestId stays the same until the request was sent,
  // so that a retry has no second effect.
  make: (values: Values, requestId: string) => MessageInitShape<T>;
  send: (request: MessageShape<T>) => Promise<unknown>;
}

// useSubmission holds the values of a form and what is wrong with them, and sends them once.
export function useSubmission<T extends DescMessage>({ draft: name, schema, initial = {}, make, send }: Sending<T>) {
  const id = useId(), [draft, change, forget] = useDraft<Values>(name, { ...initial, requestId: "" });
  const [wrong, setWrong] = useState<Wrong[]>([]), [error, setError] = useState<unknown>(), [sending, setSending] = useState(false);
  // Each failed attempt moves the focus to what is wrong.
  const [failures, setFailures] = useState(0);
  const fail = (found: Wrong[]) => {
    setWrong(found);
    setFailures((before) => before + 1);
    return found;
  };
  const request = () => {
    const requestId = String(draft.requestId || crypto.randomUUID());
    if (!draft.requestId) change({ requestId });
    return create(schema, make(draft, requestId));
  };
  // passes checks fields as the server would, and waits for their attachments.
  const passes = async (fields: Field[], message = request()) => {
    const waits = fields.filter((field) => field.kind === "attachments" && isUploading(`${id}${field.name}`))
      .map((field): Wrong => ({ name: field.name, key: "uploadFirst" }));
    const found = waits.length ? waits : await check(schema, message, fields, draft);
    setWrong(found);
    if (found.length) fail(found);
    return found;
  };
  return {
    id, draft, forget, wrong, error, sending, failures, clear: () => { setWrong([]); setError(undefined); },
    // set changes a value; what was wrong with the one before is said no more.
    set: (field: string, value: unknown) => {
      change({ [field]: value });
      setWrong((before) => (before.some((one) => one.name === field) ? before.filter((one) => one.name !== field) : before));
    },
    // left checks one field when the user leaves it.
    left: (field: Field) => {
      const bad = verified(field, draft);
      if (bad) setWrong((before) => [...before.filter((one) => one.name !== field.name), bad]);
    },
    passes: async (fields: Field[]) => {
      setError(undefined);
      return passes(fields);
    },
    // submit checks the fields and sends the request, unless hold keeps it back. It returns what is
    // wrong, or undefined if nothing was sent for another reason.
    submit: async (fields: Field[], hold = () => false): Promise<{ sent: boolean; wrong: Wrong[] } | undefined> => {
      if (sending) return undefined;
      const message = request();
      setSending(true);
      setError(undefined);
      try {
        const found = await passes(fields, message);
        if (found.length) return { sent: false, wrong: found };
        if (hold()) return undefined;
        await send(message);
        return { sent: true, wrong: [] };
      } catch (refused) {
        const found = refusedFields(refusalOf(refused), fields);
        // A refusal of fields is said beside them.
        if (!found.length || found.some(({ name: field }) => !field)) setError(refused);
        // After a refusal the corrected form is a new request. A request that may have arrived keeps
        // its id, so that it has one effect.
        if (!mayHaveArrived(refusalOf(refused))) change({ requestId: "" });
        return { sent: false, wrong: fail(found) };
      } finally {
        setSending(false);
      }
    },
  };
}
export type Submission = ReturnType<typeof useSubmission>;
