import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Page } from "@playwright/test";

import { health } from "./begin";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { pictures } from "./pictures";

// pdf returns a valid PDF of a given size.
const pdf = (bytes: number) =>
  Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.alloc(bytes - 15, "0123456789abcdef\n"), Buffer.from("%%EOF\n")]);

// invoice is such a file on this machine.
function invoice(bytes: number): string {
  const path = test.info().outputPath("lasku.pdf");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, pdf(bytes));
  return path;
}

// calls records the calls of a method, and their bodies.
function calls(page: Page, name: string) {
  const seen = { count: 0, bytes: 0, sizes: [] as number[] };
  page.on("request", (request) => {
    if (!request.url().endsWith(`/${name}`)) return;
    const size = request.postDataBuffer()?.length ?? 0;
    seen.count += 1;
    seen.bytes += size;
    seen.sizes.push(size);
  });
  return seen;
}

async function consultation(who: Person) {
  await who.go("/new/consultation");
  const form = who.page.locator("form.step-form");
  await who.fill(form, { ground: "anonymous", receiver: health });
  await who.next(form);
  return form;
}

test("twenty megabytes over a line that is cut half way go on where they were", long, async ({ koppi, comes }) => {
  test.setTimeout(300_000);
  const kela = await comes("kela-17"), { page } = kela, form = await consultation(kela), size = 20 << 20;
  const started = calls(page, "StartUpload"), sent = calls(page, "UploadChunk"), field = form.locator('[data-field="attachments"]');
  const bar = field.getByRole("progressbar", { name: "Lisätään: lasku.pdf" });
  page.on("request", () => { if (sent.bytes > size / 2 && !cut) { cut = true; koppi.line.cut(); } });
  let cut = false;
  await field.locator("input[type=file]").setInputFiles(invoice(size));
  await expect(field.locator("[data-upload]")).toContainText("Yhteys on poikki", { timeout: 90_000 });
  const half = await bar.evaluate((it: HTMLProgressElement) => it.value);
  expect(half).toBeGreaterThan(size / 3);
  await field.scrollIntoViewIfNeeded();
  await pictures(page, "upload-cut");
  // The form is not sent while a file is still uploading.
  await form.locator("[data-next]").click();
  await expect(field).toContainText("Odota, että liite on lisätty");
  koppi.line.mend();
  await expect(field.locator(".attachments")).toContainText("lasku.pdf", { timeout: 90_000 });
  await expect(bar).toHaveCount(0);
  expect(started.count).toBe(1);
  // Nothing that had arrived was sent again, except for the interrupted chunk.
  expect(sent.bytes).toBeLessThan(size + (3 << 20));
});

test("on a slow line chunks are small and progress shows; cancelled, it resumes when the file is chosen again", long, async ({ comes }) => {
  const kela = await comes("kela-17"), { page } = kela, form = await consultation(kela), size = 700 << 10;
  const started = calls(page, "StartUpload"), sent = calls(page, "UploadChunk"), field = form.locator('[data-field="attachments"]');
  const bar = field.getByRole("progressbar");
  const devtools = await page.context().newCDPSession(page);
  const line = (bytes: number) =>
    devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  await devtools.send("Network.enable");
  // 256 kbit/s.
  await line(32 << 10);
  const file = invoice(size);
  await field.locator("input[type=file]").setInputFiles(file);
  const seen = new Set<number>();
  await expect.poll(
    async () => { seen.add(await bar.evaluate((it: HTMLProgressElement) => it.value)); return seen.size; },
    { timeout: 60_000, intervals: [200] },
  ).toBeGreaterThan(4);
  // No chunk after the first occupies the connection for long.
  expect(Math.max(...sent.sizes.slice(1))).toBeLessThan(130 << 10);
  await field.getByRole("button", { name: "Peruuta lisääminen: lasku.pdf" }).click();
  await expect(field.locator("[data-upload]")).toHaveCount(0);
  await expect(field.getByRole("status")).toHaveText("Lisääminen peruttu: lasku.pdf");
  await expect(field.locator("input[type=file]")).toBeFocused();
  const before = sent.bytes;
  await line(-1);
  await page.reload();
  await field.locator("input[type=file]").setInputFiles(file);
  await expect(field.locator(".attachments")).toContainText("lasku.pdf");
  expect(started.count).toBe(2);
  expect(sent.bytes - before).toBeLessThan(size - (200 << 10));
  expect(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("draft upload")))).toEqual([]);
});
