import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

test("what arrives is announced, and does not move what is read", async ({ koppi, comes }) => {
  const first = await report(koppi), guide = await comes("ps-04"), fresh = guide.page.locator("button.fresh");
  await expect(guide.row(first)).toBeVisible();
  const second = await report(koppi, { code: "140391-9021", urgency: "URGENCY_EMERGENCY" });
  await expect(fresh).toContainText("1 uusi");
  await expect(guide.row(second)).toHaveCount(0);
  await guide.page.keyboard.press(".");
  await expect(guide.row(second)).toBeVisible();
  await expect(fresh).toHaveCount(0);
});

test("what arrives while another page is open is announced on return", long, async ({ koppi, comes }) => {
  const first = await report(koppi), guide = await comes("ps-04"), other = await comes("ps-21");
  await expect(guide.row(first)).toBeVisible();
  await guide.page.locator('.rooms a[href="/client"]').click();
  await expect(guide.row(first)).toHaveCount(0);
  const second = await report(koppi, { code: "140391-9021" });
  // The change has reached the browsers.
  await other.page.locator('[data-queue="agency"]').click();
  await expect(other.row(second).or(other.page.locator("button.fresh"))).toBeVisible();
  await guide.page.locator('.rooms a[href="/work"]').click();
  await guide.page.locator("button.fresh").click();
  await expect(guide.row(second)).toBeVisible();
});

test("the keyboard goes all the way", long, async ({ koppi, comes }) => {
  const subjects = [await report(koppi), await report(koppi, { code: "140391-9021" })], guide = await comes("ps-04");
  await expect(guide.row(subjects[1]!)).toBeVisible();
  await guide.page.keyboard.press("j");
  await guide.page.keyboard.press("j");
  await guide.page.keyboard.press("k");
  await guide.page.keyboard.press("Enter");
  await expect(guide.matter).toBeVisible();
  const opened = await guide.matter.getAttribute("data-matter");
  // A key leads to the step's button and says so; Enter takes the step.
  await guide.page.keyboard.press("r");
  await expect(guide.step("ReceiveConcern")).toBeFocused();
  await expect(guide.matter.getByRole("status").filter({ hasText: "Paina Enter: Ota vastaan" })).toBeVisible();
  await guide.page.keyboard.press("Enter");
  await expect(guide.phase).toContainText(guide.word("LOOP_PHASE_RECEIVED"));
  await guide.page.keyboard.press("n");
  await expect(guide.matter).not.toHaveAttribute("data-matter", opened!);
  await guide.page.keyboard.press("?");
  await expect(guide.page.getByRole("dialog")).toContainText("seuraava ja edellinen");
  await guide.page.keyboard.press("Escape");
  await guide.page.keyboard.press("/");
  await guide.page.keyboard.type("ei löydy");
  await expect(guide.page.getByText("Mikään asia ei vastaa rajausta.")).toBeVisible();
});

test("a key takes no step, wherever the focus is, and leads to it in the matter and its row alone", async ({ koppi, comes }) => {
  const first = await report(koppi), second = await report(koppi, { code: "140391-9021" }), guide = await comes("ps-04"), { page } = guide;
  await guide.open(first);
  let steps = 0;
  page.on("request", (request) => { if (/\/(Receive|Take)Concern$/.test(request.url())) steps += 1; });
  // Any effect of a key would be visible by the time of the next frame.
  const nothing = async () => {
    for (const key of ["r", "t"]) await page.keyboard.press(key);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(steps).toBe(0);
    await expect(page.locator("[data-led], .bar")).toHaveCount(0);
  };
  for (const place of [
    page.locator(".brand"), page.locator('.rooms a[href="/sent"]'), page.getByRole("button", { name: "Kirjaudu ulos" }),
    page.locator("[data-queue=me]"),
  ]) {
    await place.focus();
    await nothing();
  }
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await nothing();
  // On another row the key leads to the bar for that row, not into the open matter.
  await guide.row(second).focus();
  await page.keyboard.press("r");
  await expect(page.locator('.bar [data-act="receive"]')).toBeFocused();
  await expect(page.locator("li[data-ticked] a.row")).toHaveAttribute("data-subject", second);
  await guide.matter.locator("h2").focus();
  for (const [key, step] of [["t", "TakeConcern"], ["r", "ReceiveConcern"]] as const) {
    await page.keyboard.press(key);
    await expect(guide.step(step)).toBeFocused();
    await expect(page.locator("[data-led]")).toHaveAttribute("data-led", step);
  }
  expect(steps).toBe(0);
  await page.keyboard.press("Enter");
  await expect(guide.phase).toContainText(guide.word("LOOP_PHASE_RECEIVED"));
  expect(steps).toBe(1);
});

test("single keys are switched off, and stay so", long, async ({ koppi, comes }) => {
  const first = await report(koppi), guide = await comes("ps-04"), { page } = guide;
  const dialog = page.getByRole("dialog", { name: "Näppäinkomennot" });
  await guide.open(first);
  await page.keyboard.press("?");
  await expect(dialog).toBeVisible();
  await dialog.getByText("Käytä näppäinkomentoja").click();
  await pictures(page, "keys");
  await dialog.getByRole("button", { name: "Sulje" }).click();
  for (const reloaded of [false, true]) {
    if (reloaded) await page.reload();
    await expect(page.getByRole("button", { name: "Näppäinkomennot (pois käytöstä)" })).toBeVisible();
    await guide.row(first).focus();
    for (const key of ["r", "?", "/", "j"]) await page.keyboard.press(key);
    await expect(dialog).toHaveCount(0);
    await expect(guide.row(first)).toBeFocused();
    await expect(guide.phase).toContainText("saapunut");
  }
  await page.getByRole("button", { name: "Näppäinkomennot" }).click();
  await dialog.getByText("Käytä näppäinkomentoja").click();
  await dialog.getByRole("button", { name: "Sulje" }).click();
  await guide.row(first).focus();
  await page.keyboard.press("r");
  await expect(page.locator('.bar [data-act="receive"]')).toBeFocused();
});

test("filters count, and narrow down", long, async ({ koppi, comes }) => {
  const late = await report(koppi, { urgency: "URGENCY_EMERGENCY" });
  await koppi.advance("172800s");
  const fresh = await report(koppi, { code: "140391-9021" }), guide = await comes("ps-04");
  const filter = (name: string) => guide.page.locator(`[data-filter=${name}]`);
  await expect(filter("overdue").locator("strong")).toHaveText("1");
  await expect(guide.page.locator("section[data-group=emergency]").locator(guide.row(late))).toBeVisible();
  await filter("overdue").click();
  await expect(guide.row(late)).toBeVisible();
  await expect(guide.row(fresh)).toHaveCount(0);
  await guide.page.reload();
  await expect(filter("overdue")).toHaveAttribute("aria-pressed", "true");
});

test("the line is cut and mended, and Koppi started anew: nothing is missed", async ({ koppi, comes }) => {
  const first = await report(koppi), guide = await comes("ps-04");
  await guide.open(first);
  koppi.line.cut();
  await expect(guide.page.getByText("Yhteys on poikki.")).toBeVisible();
  await koppi.call("ps-04", "concern.v1.ConcernService/ReceiveConcern", { requestId: crypto.randomUUID(), concernId: first.split("/")[1] });
  koppi.line.mend();
  await expect(guide.phase).toContainText(guide.word("LOOP_PHASE_RECEIVED"), { timeout: 30_000 });
  await expect(guide.page.getByText("Yhteys on poikki.")).toHaveCount(0);
  await koppi.restart();
  const second = await report(koppi, { code: "140391-9021" });
  await expect(guide.page.locator("button.fresh")).toBeVisible({ timeout: 30_000 });
  await guide.page.keyboard.press(".");
  await expect(guide.row(second)).toBeVisible();
  await expect(guide.matter).toHaveAttribute("data-matter", first.split("/")[1]!);
});
