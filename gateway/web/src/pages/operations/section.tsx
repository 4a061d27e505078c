import type { ReactNode } from "react";

// Section is a part of the page: a heading, and a table or a note that it is empty.
export function Section({
  name, title, note, none, children,
}: { name: string; title: string; note: string; none?: string; children?: ReactNode }) {
  return (
    <section aria-labelledby={`operations-${name}`} data-section={name}>
      <h2 id={`operations-${name}`}>{title}</h2>
      <p className="quiet">{note}</p>
      {none ? <p>{none}</p> : children}
    </section>
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
