import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { test as base } from "./fixtures";

export type Entry = Record<string, unknown>;
export interface DirectoryFile { municipalities: Entry[]; agencies: (Entry & { agency: string; units: (Entry & { unit: string })[] })[] }

// inLanguages is a text in each language of the pages.
export const inLanguages = (text: string) => ({ fi: text, sv: `${text} sv`, en: `${text} en` });

// directoryTest is a test whose Koppi has the trial's directory with a change.
export const directoryTest = (change: (directory: DirectoryFile) => void) => base.extend({
  settings: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "koppi-directory-")), file = join(folder, "directory.json");
    const directory = JSON.parse(readFileSync(join(import.meta.dirname, "../../../deploy/config/directory.json"), "utf8")) as DirectoryFile;
    change(directory);
    writeFileSync(file, JSON.stringify(directory));
    await use(`--directory ${file}`);
    rmSync(folder, { recursive: true, force: true });
  },
});
