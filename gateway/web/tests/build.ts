import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The program is built once, with the pages that make has built, unless PAGES_PROGRAM names one.
export default function build() {
  if (process.env.PAGES_PROGRAM) return;
  const folder = mkdtempSync(join(tmpdir(), "koppi-pages-"));
  process.env.PAGES_PROGRAM = join(folder, "koppi");
  execFileSync("go", ["build", "-o", process.env.PAGES_PROGRAM, "./deploy/cmd/koppi"], {
    cwd: join(import.meta.dirname, "../../.."), stdio: "inherit",
  });
  return () => rmSync(folder, { recursive: true, force: true });
}
