import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";

import type { Texts } from "../src/app/language";

const folder = join(import.meta.dirname, "../src/texts");
const pages = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Texts);
const said = new Set(pages.flatMap((texts) => Object.values(texts).flatMap((of) => Object.values(of))));
const keys = new Set(pages.flatMap((texts) => Object.keys(texts.fi)));

// A key of two words cannot be a word of a language; a key that is one word can.
const joined = [...keys].filter((key) => /[a-z][A-Z]|_/.test(key));
const within = new RegExp(`(?<![\\w-])(?:${joined.join("|")})(?![\\w-])`);
// A name of the contract, a key that has no text, and what a text left unfilled.
const raw = /\b[A-Za-z]+(?:_[A-Za-z0-9]+)+\b|\{\{|\[object |\bundefined\b|\bNaN\b|Invalid Date/;

// The end of a client's identifier, and a whole one, are random.
const identifier = /…[\w-]{5}(?![\w-])|(?<![\w-])[\w-]{40,}(?![\w-])/g;

// isRaw reports whether a text that people read is a key of the texts, or contains one, or a name of
// the contract.
export function isRaw(shown: string): boolean {
  const text = shown.replace(identifier, "");
  return raw.test(text) || within.test(text) || (keys.has(text) && !said.has(text));
}

// rawOf returns the raw texts of a page: in what is visible, and in what a screen reader says.
export async function rawOf(page: Page): Promise<string[]> {
  const shown = await page.evaluate(() => {
    const texts = [document.title], named = ["title", "aria-label", "placeholder", "alt", "aria-description"];
    for (const one of document.body.querySelectorAll<HTMLElement>("*")) {
      // Text of a machine is shown as it is, and marked so.
      if (one.closest("code, script, style") || !one.checkVisibility()) continue;
      for (const name of named) texts.push(one.getAttribute(name) ?? "");
      for (const node of one.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? "");
    }
    return texts.map((text) => text.trim()).filter(Boolean);
  });
  return [...new Set(shown.filter(isRaw))];
}
