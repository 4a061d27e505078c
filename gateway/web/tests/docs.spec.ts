import { accessible } from "./accessible";
import { expect, long, test } from "./fixtures";
import { picture } from "./pictures";

// One page of each kind, and each that has something of its own: they are examined in the browser.
const examined = [
  "", "/twelve-calls", "/loops", "/callbacks", "/suomeksi", "/retention", "/reference", "/reference/koppi.attachment.v1",
  "/events/consultation", "/reasons", "/changes",
];

test("the documentation: no dead link, axe finds nothing, it fits a phone and a desktop", long, async ({ koppi, browser }) => {
  const root = koppi.line.address, misdeeds: string[] = [];
  const context = await browser.newContext(), page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error") misdeeds.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(root)) misdeeds.push(`a request to ${request.url()}`); });

  // All that a page names, and all that those name.
  const seen = new Set(["/docs"]);
  for (const path of seen) {
    const answer = await page.request.get(root + path);
    expect.soft(answer.status(), path).toBe(200);
    if (!answer.headers()["content-type"]?.startsWith("text/html")) continue;
    for (const [, named] of (await answer.text()).matchAll(/ (?:href|src)="([^"#]+)/g)) {
      if (named!.startsWith("/docs")) seen.add(named!); else misdeeds.push(`${path} names ${named}`);
    }
  }
  expect(seen.size).toBeGreaterThan(40);

  for (const path of examined) {
    expect(seen).toContain(`/docs${path}`);
    await page.goto(`${root}/docs${path}`);
    await accessible(page, path);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(beyond, `${path} at ${width} px is wider than that by`).toBeLessThanOrEqual(0);
      await picture(page, `docs${path.replaceAll("/", "-")}-${width}`);
    }
  }
  expect(misdeeds).toEqual([]);
  await context.close();
});
