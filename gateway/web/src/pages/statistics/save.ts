import type { Sheet } from "../../ui/chart/table";
import { csv } from "./sums";

// save saves a table as a file; no data leaves the browser.
export function save(sheet: Sheet, name: string) {
  const address = URL.createObjectURL(new Blob([csv([sheet.head, ...sheet.rows])], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
