import type { BrowserContext, Page, Request } from "@playwright/test";

import { ordinary, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";

const eight = 8, codes = ["140391-9021", "010594Y9032", "030694W9024"];

// streams are the open calls of a method in a browser now.
function streams(context: BrowserContext, name: string): Set<Request> {
  const open = new Set<Request>(), end = (request: Request) => open.delete(request);
  context.on("request", (request) => {
    if (!request.url().endsWith(`/${name}`)) return;
    open.add(request);
    request.frame().page().once("close", () => open.delete(request));
  });
  context.on("requestfinished", end);
  context.on("requestfailed", end);
  return open;
}

// tabs opens a number of tabs of one browser, at a list without new matters; each loads, however
// many are open before it.
async function tabs(koppi: Koppi, first: Page, count: number): Promise<Page[]> {
  const pages = [first];
  while (pages.length < count) {
    const page = await first.context().newPage();
    await page.goto(`${koppi.line.address}/work`);
    await expect(page.getByText("Mikään ei odota sinua.")).toBeVisible();
    pages.push(page);
  }
  return pages;
}

// live reports that all tabs receive what arrives.
async function live(koppi: Koppi, pages: Page[], count: number, timeout = 20_000) {
  await report(koppi, { code: codes[count - 1]! });
  for (const page of pages) await expect(page.locator("button.fresh")).toContainText(String(count), { timeout });
}

test("eight tabs over HTTP/1.1 load and are live by one stream; its tab closes, and another goes on", long, async ({ koppi, comes }) => {
  const guide = await comes("ps-04"), open = streams(guide.page.context(), "Watch");
  await guide.page.reload();
  const pages = await tabs(koppi, guide.page, eight);
  expect(await guide.page.evaluate(() => (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming).nextHopProtocol))
    .toBe("http/1.1");
  await live(koppi, pages, 1);
  expect(open.size).toBe(1);
  const leader = [...open][0]!.frame().page();
  await leader.close();
  pages.splice(pages.indexOf(leader), 1);
  await expect.poll(() => open.size).toBe(1);
  await live(koppi, pages, 2);
});

test("another tab reads the stream while the one that read it is suspended, until it resumes", long, async ({ koppi, comes }) => {
  const guide = await comes("ps-04"), open = streams(guide.page.context(), "Watch");
  await guide.page.reload();
  const pages = await tabs(koppi, guide.page, 3);
  const leader = [...open][0]!.frame().page(), others = pages.filter((page) => page !== leader);
  const devtools = await leader.context().newCDPSession(leader);
  // Its debugger stops its scripts and timers. A page that is visible to the test cannot be frozen.
  await devtools.send("Debugger.enable");
  await devtools.send("Debugger.pause");
  await live(koppi, others, 1, 60_000);
  await devtools.send("Debugger.resume");
  await live(koppi, pages, 2);
  await expect.poll(() => open.size).toBe(1);
});

test("who signs out in one tab is signed out in all, and nobody's stream is another's", async ({ koppi, comes }) => {
  const guide = await comes("ps-04"), open = streams(guide.page.context(), "Watch");
  await guide.page.reload();
  const pages = await tabs(koppi, guide.page, 3), [first, second] = pages as [Page, Page];
  // The draft of another tab does not remain on a shared machine.
  await second.goto(`${koppi.line.address}/new/concern`);
  await second.locator('[data-field="code"] input').fill("010594Y9032");
  const drafts = () => second.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("draft ")));
  expect(await drafts()).toHaveLength(1);
  await first.getByRole("button", { name: "Kirjaudu ulos" }).click();
  for (const page of pages) await expect(page.locator('[data-person="tk-02"]')).toBeVisible();
  await expect.poll(() => open.size).toBe(0);
  expect(await drafts()).toEqual([]);
  await second.locator('[data-person="tk-02"]').click();
  for (const page of pages) await expect(page.locator(".who strong")).toHaveText("Niina Hoitaja");
  await expect.poll(() => open.size).toBe(1);
  // She receives nothing that arrives for the previous user.
  let read = 0;
  guide.page.context().on("request", (request) => { if (request.url().endsWith("/ListWork")) read += 1; });
  await report(koppi);
  await koppi.call("ps-21", "consultation.v1.ConsultationService/OpenConsultation", {
    requestId: crypto.randomUUID(), addressee: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" },
    basis: { ground: "LEGAL_GROUND_NO_PERSONAL_DATA", provision: "703/2023 § 31" }, topic: "Lääkitys", question: "Voiko se väsyttää?",
    urgency: "URGENCY_NORMAL",
  });
  for (const page of [first, pages[2]!]) await expect(page.locator("button.fresh")).toContainText("1 uusi");
  expect(read).toBeGreaterThan(0);
});

test("somebody else signs in in one tab: the others are theirs too, and show nothing of before", async ({ koppi, comes }) => {
  const first = await report(koppi), guide = await comes("ps-04"), { page } = guide;
  await guide.open(first);
  const other = await page.context().newPage();
  await other.goto(koppi.line.address);
  // As a second sign-in at the provider does: another session replaces the first.
  await other.evaluate(async () => {
    const issued = await fetch("/koppi.dev.v1.DevService/IssueToken", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ agency: "kela", unit: "toimeentulotuki", worker: "kela-17", role: "benefit_handler" }),
    });
    const { token } = await issued.json();
    await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  });
  await other.reload();
  await expect(page.locator(".who strong")).toHaveText("kela-17");
  await expect(guide.row(first)).toHaveCount(0);
});

test("however many conversations are followed, pages load, and each hears what is written", long, async ({ koppi, comes }) => {
  const { consultation } = await ordinary(koppi), nurse = await comes("tk-02"), open = streams(nurse.page.context(), "Follow");
  const pages: Page[] = [];
  while (pages.length < eight) {
    const page = pages.length ? await nurse.page.context().newPage() : nurse.page;
    await page.goto(`${koppi.line.address}/consultations/${consultation}`);
    await expect(page.getByText("Suosittelen arviota terveysasemalla.")).toBeVisible();
    pages.push(page);
  }
  expect(open.size).toBeLessThanOrEqual(3);
  await koppi.call("ps-21", "consultation.v1.ConsultationService/PostMessage", {
    requestId: crypto.randomUUID(), consultationId: consultation.split("/")[1], text: "Kiitos nopeasta vastauksesta.",
  });
  for (const page of pages) await expect(page.locator(".message", { hasText: "Kiitos nopeasta vastauksesta." })).toHaveCount(1);
});
