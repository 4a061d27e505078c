import { useId, useState, type ReactNode } from "react";
import { Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

interface Props {
  // The name of the fold for tests.
  name: string;
  title: string;
  // What it is about, for screen readers, if several folds have the same title.
  of?: string;
  level: "h2" | "h3" | "h4" | "h5";
  children: ReactNode;
  // With change, the caller knows whether it is open.
  open?: boolean;
  change?: (open: boolean) => void;
}

// Fold shows its title; its content is rendered, and read, when it is opened.
export function Fold({ name, title, of, level, children, open, change }: Props) {
  const id = useId(), [own, setOwn] = useState(false), shown = change ? Boolean(open) : own;
  return (
    <Expander id={id} open={shown} onOpenChange={() => (change ?? setOwn)(!shown)} className="fold">
      <ExpanderTitleButton asHeading={level} data-fold={name}>{title}{of && <span className="hidden">: {of}</span>}</ExpanderTitleButton>
      <ExpanderContent role="group">{shown && children}</ExpanderContent>
    </Expander>
  );
}
