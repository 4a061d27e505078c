import type { ReactNode } from "react";
import { Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

// Fold says whether a section is open, and changes it.
export interface Fold { open: boolean; change: (open: boolean) => void }

interface Props { name: string; title: string; count?: number; note: string; none?: string; fold: Fold; children?: ReactNode }

// Section is a part of the page that folds: a heading with the number of what it lists, and a table or a
// note that it is empty.
export function Section({ name, title, count, note, none, fold, children }: Props) {
  return (
    <div id={`operations-${name}`} className="folding" data-section={name}>
      <Expander open={fold.open} onOpenChange={(open) => fold.change(!open)}>
        <ExpanderTitleButton asHeading="h2">{title}{count !== undefined && ` (${count})`}</ExpanderTitleButton>
        <ExpanderContent>
          <p className="quiet">{note}</p>
          {none ? <p>{none}</p> : children}
        </ExpanderContent>
      </Expander>
    </div>
  );
}

// Table can be scrolled by keyboard if it is wider than the page. Numbers are in the given range of
// columns.
export function Table({
  label, head, numbers: [from, to] = [-1, -1], children,
}: { label: string; head: string[]; numbers?: [number, number]; children: ReactNode }) {
  return (
    <div className="sheet" role="group" aria-label={label} tabIndex={0}>
      <table aria-label={label}>
        <thead><tr>{head.map(
          (name, column) => <th key={name} scope="col" className={column >= from && column <= to ? "number" : undefined}>{name}</th>,
        )}</tr></thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
