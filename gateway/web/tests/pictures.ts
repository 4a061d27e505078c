import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";

// picture takes a picture of a whole page if PICTURES names a folder.
export async function picture(page: Page, name: string) {
  const folder = process.env.PICTURES;
  if (!folder) return;
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: "jpeg", quality: 75, fullPage: true });
}

// pictures takes what a desktop and a phone show without scrolling.
export async function pictures(page: Page, name: string) {
  if (!process.env.PICTURES) return;
  const before = page.viewportSize()!;
  for (const [width, height] of [[1366, 768], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: join(process.env.PICTURES, `${name}-${width}.png`) });
  }
  await page.setViewportSize(before);
}
