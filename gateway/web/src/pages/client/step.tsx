import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { useEffect, useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import type { Field, Values } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";

interface Props<T extends DescMessage> {
  name: string;
  // Distinguishes the same step of several things on the page.
  of?: string;
  label: string;
  schema: T;
  fields: Field[];
  initial?: Values;
  make: (values: Values, requestId: string) => MessageInitShape<T>;
  send: (request: MessageShape<T>) => Promise<unknown>;
  done: () => void;
}

// Step is a button that opens a step's form and explains the consequences. Afterwards the focus
// returns to the button.
export function Step<T extends DescMessage>({ name, of = "", label, done, ...form }: Props<T>) {
  const [open, setOpen] = useState(false), button = useRef<HTMLButtonElement>(null), was = useRef(false);
  useEffect(() => {
    if (was.current && !open) button.current?.focus();
    was.current = open;
  }, [open]);
  if (!open) return <Button ref={button} variant="secondary" data-step={name} onClick={() => setOpen(true)}>{label}</Button>;
  return <StepForm {...form} draft={[name, of].filter(Boolean).join("-")} texts="client" title={label} sendLabel={label}
    done={() => { setOpen(false); done(); }} cancel={() => setOpen(false)} />;
}
