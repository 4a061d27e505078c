import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";

// picture is of a whole page. It is taken where PICTURES names a folder, to be looked at.
export async function picture(page: Page, name: string) {
  const folder = process.env.PICTURES;
  if (!folder) return;
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: "jpeg", quality: 75, fullPage: true });
}

// pictures are of what stands on a desk and on a phone without scrolling.
export async function pictures(page: Page, name: string) {
  if (!process.env.PICTURES) return;
  const before = page.viewportSize()!;
  for (const [width, height] of [[1366, 768], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: join(process.env.PICTURES, `${name}-${width}.png`) });
  }
  await page.setViewportSize(before);
}
