// Sheet is a table as shown and as exported: the same cells.
export interface Sheet {
  head: string[];
  rows: string[][];
  // Number of leading columns that name a row; numbers follow.
  names: number;
}

// SheetTable can be scrolled by keyboard if it is wider than the page.
export function SheetTable({ sheet, label }: { sheet: Sheet; label: string }) {
  const kind = (column: number) => (column < sheet.names ? undefined : "number");
  return (
    <div className="sheet" role="group" aria-label={label} tabIndex={0}>
      <table aria-label={label}>
        <thead><tr>{sheet.head.map((name, column) => <th key={name} scope="col" className={kind(column)}>{name}</th>)}</tr></thead>
        <tbody>
          {sheet.rows.map((row) => (
            <tr key={row.slice(0, sheet.names).join(" ")}>
              {row.map((cell, column) =>
                (column === 0 ? <th key={column} scope="row">{cell}</th> : <td key={column} className={kind(column)}>{cell}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
