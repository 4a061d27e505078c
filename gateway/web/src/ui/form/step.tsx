import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { useEffect, useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import type { Field, Values } from "./fields";
import { StepForm } from "./stepform";

export interface StepProps<T extends DescMessage> {
  name: string;
  // Distinguishes the same step of several things on the page.
  of?: string;
  label: string;
  // What the step is of, for those who hear the button and do not see what it stands beside.
  about?: string;
  // The form's heading and its button, if they differ from the label.
  title?: string;
  sendLabel?: string;
  quiet?: boolean;
  // The form is open from the beginning.
  opened?: boolean;
  texts: string;
  // What is typed is stored until it was sent.
  keep?: boolean;
  schema: T;
  fields: Field[] | ((values: Values) => Field[]);
  initial?: Values;
  sure?: string;
  make: (values: Values, requestId: string) => MessageInitShape<T>;
  send: (request: MessageShape<T>) => Promise<unknown>;
  done: () => void;
}

// StepButton is a button that opens a step's form and explains the consequences. Afterwards the focus
// returns to the button.
export function StepButton<T extends DescMessage>({
  name, of = "", label, about, title, sendLabel, quiet, opened = false, keep = true, done, ...form
}: StepProps<T>) {
  const [open, setOpen] = useState(opened), button = useRef<HTMLButtonElement>(null), was = useRef(false);
  useEffect(() => {
    if (was.current && !open) button.current?.focus();
    was.current = open;
  }, [open]);
  if (!open) {
    return (
      <Button ref={button} variant={quiet ? "secondaryNoBorder" : "secondary"} data-step={name} onClick={() => setOpen(true)}>
        {label}
        {about && <span className="hidden"> {about}</span>}
      </Button>
    );
  }
  return <StepForm {...form} draft={keep ? [name, of].filter(Boolean).join("-") : undefined} title={title ?? label}
    sendLabel={sendLabel ?? label} done={() => { setOpen(false); done(); }} cancel={() => setOpen(false)} />;
}
