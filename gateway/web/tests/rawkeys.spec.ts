import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { attested, ordinary, report } from "./cases";
import { Endpoint } from "./endpoint";
import { expect, long, test as base } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";
import { isRaw, rawOf } from "./rawkeys";

const test = base.extend<{ endpoint: Endpoint }>({
  endpoint: async ({}, use) => {
    const endpoint = new Endpoint();
    await use(endpoint);
    endpoint.stop();
  },
  settings: async ({ endpoint }, use) => use(await endpoint.settings("kela")),
});

const health = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" };

// busy gives every list something: matters in many states, directives of the client, what a
// prohibition stopped, and what is overdue.
async function busy(koppi: Koppi) {
  const cases = await ordinary(koppi), requestId = randomUUID, to = { recipient: { agency: "kela" } };
  const concern = (person: string, step: string, concernId: string, rest: object) =>
    koppi.call(person, `concern.v1.ConcernService/${step}`, { requestId: requestId(), concernId, ...rest });
  const idOf = (subject: string) => subject.split("/")[1]!;
  const returned = idOf(await report(koppi, { code: "010594Y9032", basis: attested }));
  await concern("ps-04", "DeclineConcern", returned, { reason: "DECLINE_REASON_WRONG_AREA", explanation: "Asuu Varkaudessa." });
  const [, sent] = cases.sent.split("/");
  await concern("ps-21", "TakeConcern", sent!, {});
  await concern("ps-21", "RequestInformation", sent!, { question: "Onko vuokrasopimus voimassa?", papers: ["lease", "bank-statement"] });
  await concern("kela-17", "AddInformation", sent!, { text: "Asiakas muutti.", topics: ["TOPIC_HOMELESSNESS"], urgency: "URGENCY_URGENT" });
  await koppi.call("client", "consent.v1.ConsentService/GiveConsent", {
    requestId: requestId(), ...to, services: ["concern", "referral"], purpose: "Vuokra-asian hoito.", provision: "1301/2014 § 35.1",
    until: "2027-11-23T22:00:00Z",
  });
  const recipient = { agency: "etsiva-kuopio" };
  await koppi.call("client", "consent.v1.ConsentService/ProhibitTransfer", { requestId: requestId(), recipient });
  // Reading a list is a reading of the client's data, too, and shown to the client.
  for (const person of ["ps-21", "tk-02"]) await koppi.call(person, "casework.v1.CaseworkService/ListWork", { queue: "QUEUE_UNIT" });
  // Nobody acts on this one in time.
  await report(koppi, { unit: "tyoikaiset-kuopio" });
  await koppi.call("ps-21", "referral.v1.ReferralService/SendReferral", {
    requestId: requestId(), client: { personalIdentityCode: "010594Y9032" }, receiver: health, kind: "REFERRAL_KIND_DOCUMENTS",
    basis: { ground: "LEGAL_GROUND_CLIENT_CONSENT", provision: "703/2023 § 53", consentedAt: "2026-11-23T06:55:00Z" },
    reason: "Todistukset.", urgency: "URGENCY_URGENT",
  });
  await koppi.advance("432000s");
}

const languages = ["Suomi", "Svenska", "English"];

// settled waits until a page has read what it shows.
async function settled(page: Page) {
  let before = "";
  await expect.poll(
    async () => { const now = await page.locator("main").innerText(), same = now === before && now !== ""; before = now; return same; },
    { intervals: [100] },
  ).toBe(true);
}

// read examines what is shown now, in each language: changing it reads nothing anew.
async function read(page: Page, where: string, found: Map<string, string>) {
  for (const language of languages) {
    await page.getByRole("button", { name: language }).click();
    for (const raw of await rawOf(page)) found.set(raw, `${where} in ${language}`);
  }
}

// unfold opens what is folded, and reads the options of each list of choices.
async function unfold(page: Page, where: string, found: Map<string, string>) {
  await page.locator("main details:not([open])").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
  const shut = page.locator(
    "main [data-reveal]:not(:has(.revealed)) button, main [data-timeline], main [aria-expanded=false]:not([aria-haspopup])",
  );
  // What is unfolded may have folds of its own.
  for (let depth = 0; depth < 3 && (await shut.count()) > 0; depth += 1) {
    await shut.evaluateAll((all) => all.forEach((one) => (one as HTMLElement).click()));
    await settled(page);
  }
  for (const one of await page.locator("main button[aria-haspopup=listbox]:visible").all()) {
    await one.click();
    for (const raw of await rawOf(page)) found.set(raw, `${where}, choices`);
    await page.keyboard.press("Escape");
  }
}

// forms opens the form of each step, and reads it. Nothing is sent.
async function forms(page: Page, where: string, found: Map<string, string>) {
  const steps = page.locator("main [data-step]:visible"), count = await steps.count();
  for (let index = 0; index < count; index += 1) {
    const step = steps.nth(index), name = await step.getAttribute("data-step", { timeout: 2_000 }).catch(() => undefined);
    if (!name) continue;
    await step.click();
    const form = page.locator("form.step-form, form.ask").first();
    await form.or(page.locator("main .problem")).first().waitFor();
    if (!(await form.isVisible())) continue;
    await unfold(page, `${where}, ${name}`, found);
    await read(page, `${where}, ${name}`, found);
    await form.locator("[data-cancel], button[type=button]").last().click();
    await expect(form).toHaveCount(0);
  }
}

// The pages that links lead to. A matter is one page, whatever the list, a form one, whatever it
// follows from, and a client's one, whoever the client is.
const linked = (page: Page) => page.locator("a[href^='/']").evaluateAll((all) => all.map((one) => one.getAttribute("href")!));
const pageOf = (path: string) =>
  path.replace(/^\/\w+\/(?=\w+\/[0-9a-f-]{36})/, "/").replace(/(?<=^\/new\/\w+)\?.*|(?<=^\/client\?id=).*|#.*/, "");

// What the menu of new matters leads to: it has no links.
const begun = ["/new/concern", "/new/referral", "/new/consultation", "/new/plan"];

async function crawl({ page, go }: Person, atLeast: number, more: string[]) {
  const reading = /\/(Get|List|Read|Check|Watch|Follow|Converse|Exchange|IssueToken)\w*$/;
  await page.route(/\/koppi\.[\w.]+\/\w+$/, (route) =>
    (reading.test(new URL(route.request().url()).pathname) ? route.continue() : route.abort()));
  const found = new Map<string, string>(), ahead = ["/", ...more], seen = new Set(ahead.map(pageOf));
  for (let path = ahead.shift(); path !== undefined; path = ahead.shift()) {
    await go(path);
    await settled(page);
    await unfold(page, path, found);
    await read(page, path, found);
    await forms(page, path, found);
    for (const next of await linked(page)) if (!seen.has(pageOf(next))) { seen.add(pageOf(next)); ahead.push(next); }
  }
  expect(seen.size, "pages").toBeGreaterThanOrEqual(atLeast);
  expect(Object.fromEntries(found)).toEqual({});
}

for (const [who, atLeast, more] of [["ps-21", 16, begun], ["kela-17", 14, begun], ["client", 1, []], ["operator", 2, []]] as const) {
  test(`no page shows ${who} a key or a name of the contract`, long, async ({ koppi, comes }) => {
    test.setTimeout(600_000);
    await busy(koppi);
    await crawl(await comes(who), atLeast, [...more]);
  });
}

test("a key is told from a word", () => {
  for (const raw of ["look_other", "read_data", "Katsoi: LOOP_PHASE_SENT", "noneAtAll", "{{count}} asiaa"]) {
    expect(isRaw(raw), raw).toBe(true);
  }
  for (const word of ["Omat asiani", "client", "sent", "Klient …-F_ug", "1301/2014 § 35"]) expect(isRaw(word), word).toBe(false);
});
