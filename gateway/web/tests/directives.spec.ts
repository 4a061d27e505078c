import type { Page } from "@playwright/test";

import { begin, health, known, phase } from "./begin";
import { attested, ordinary, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";

// The client's directives, on its own page and as an agency records them; and the prohibition that
// two officers override.

// decide submits the client's decision and confirms it.
async function decide(page: Page, step: string, values?: (form: ReturnType<Page["locator"]>) => Promise<void>) {
  await page.locator(`[data-step="${step}"], [data-begin="${step}"]`).first().click();
  const ask = page.locator("form.ask");
  await values?.(ask);
  await ask.locator("[data-send]").click();
  await ask.locator("[data-send]").click();
  await expect(ask).toHaveCount(0);
}

// looksUp opens, from the open matter, all matters of its client.
async function looksUp(who: Person) {
  await who.matter.locator('a[href^="/client?id="]').click();
  await saysWhy(who);
}

async function saysWhy(who: Person) {
  await who.page.getByRole("textbox").first().fill("Asian käsittely");
  await who.page.keyboard.press("Enter");
  await who.page.locator("[data-client]").waitFor();
}

// Pictures are taken if PICTURES names a folder.
async function picture(page: Page, name: string) {
  for (const width of process.env.PICTURES ? [1280, 390] : []) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${process.env.PICTURES}/${name}-${width}.jpg`, type: "jpeg", quality: 70, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

const theHealth = "Pohjois-Savon terveyspalvelut";

test("holders of a copy are asked to act after the client withdraws a consent, and the client sees it", async ({ koppi, comes }) => {
  const { referral } = await ordinary(koppi), nurse = await comes("tk-02"), client = await comes("client", { at: "/own?show=consents" });
  await nurse.open(referral);
  const consent = client.page.locator(`[data-consent="${referral}"]`);
  await consent.locator('[data-step="WithdrawConsent"]').click();
  const ask = client.page.locator("form.ask [data-send]");
  await ask.click();
  await ask.click();
  const asked = nurse.matter.locator("[data-withdrawn]");
  await expect(asked).toContainText("Asiakas perui suostumuksen");
  await expect(asked).toContainText("to 26.11.");
  await asked.getByRole("button").click();
  await expect(asked).toContainText("kuitattu 23.11.2026");
  await expect(asked.getByRole("button")).toHaveCount(0);
  await client.page.locator("[data-again]").click();
  await client.page.locator("[data-fold=earlier]").first().click();
  await expect(consent).toContainText(`${theHealth}: tarkistanut 23.11.2026`);
});

test("a prohibition stops a sending; two officers admit one, refuse another, and the client reads why", long, async ({ koppi, comes }) => {
  const concern = await report(koppi, { code: "030694W9024", unit: "tyoikaiset-kuopio" });
  const client = await comes("client", { at: "/own?show=consents" }), worker = await comes("ps-21", { at: "/new/referral" });
  const second = await comes("ps-33");
  await decide(client.page, "ProhibitTransfer", async (ask) => client.fill(ask, { "prohibit-who": theHealth }));
  const referral = {
    kind: "REFERRAL_KIND_SERVICE", ground: "atl-53-6", attestation: ["cannot_assess_meaning"], ...known("030694W9024"), receiver: health,
    reason: "Kiireellinen hoidon tarve.", urgency: "URGENCY_URGENT",
  };
  const form = worker.page.locator("form.step-form");
  await worker.fill(form, referral);
  await worker.last(form);
  await form.locator("[data-send]").click();
  await expect(form).toContainText("Asiakas on kieltänyt tietojen antamisen");
  await worker.go(`/work/${concern}`);
  await looksUp(worker);
  const asks = { ground: "atl-53-6", reason: "Henki on vaarassa." };
  await worker.take("RequestOverride", asks);
  await expect(worker.page.locator(".overrides")).toContainText("Et voi ratkaista omaa pyyntöäsi");
  await expect(worker.step("ApproveOverride")).toHaveCount(0);
  await worker.take("RequestOverride", { ...asks, reason: "Toinen pyyntö." });
  // Both wait in the second officer's list, and none in the first officer's.
  const waiting = (person: typeof second) => person.page.locator('.rows [data-subject^="overrides/"]');
  await worker.go("/work");
  await expect(worker.page.locator(".rows [data-subject]").first()).toBeVisible();
  await expect(waiting(worker)).toHaveCount(0);
  await second.go("/work");
  await expect(waiting(second)).toHaveCount(2);
  await expect(waiting(second).first()).toContainText("Pyyntö poiketa kiellosta");
  await expect(waiting(second).first()).toContainText("Odottaa yksikköä");
  await waiting(second).first().click();
  await saysWhy(second);
  const open = (reason: string) => second.page.locator(".overrides li").filter({ hasText: reason });
  for (const [reason, step, said] of [
    ["Toinen pyyntö.", "RefuseOverride", "Hylännyt Outi Ohjaaja"], [asks.reason, "ApproveOverride", "Hyväksynyt Outi Ohjaaja"],
  ] as const) {
    await open(reason).locator(`[data-step="${step}"]`).click();
    await second.send(second.page.locator("form.step-form"));
    await expect(open(reason)).toContainText(said);
  }
  await second.go("/work");
  await expect(second.page.locator(".rows [data-subject]").first()).toBeVisible();
  await expect(waiting(second)).toHaveCount(0);
  const sent = await begin(worker, "referral", referral);
  await phase(worker, "LOOP_PHASE_SENT");
  const nurse = await comes("tk-02");
  await nurse.open(sent);
  await client.page.locator("[data-again]").click();
  for (const said of ["Henki on vaarassa.", "Toinen pyyntö."]) await expect(client.page.locator("main")).toContainText(said);
  // It admitted one sending.
  await worker.go("/new/referral");
  await worker.fill(form, referral);
  await worker.last(form);
  await form.locator("[data-send]").click();
  await expect(form).toContainText("Asiakas on kieltänyt tietojen antamisen");
});

test("a report that the law lets pass a prohibition is sent, and the client reads who sent it and why", long, async ({ koppi, comes }) => {
  const client = await comes("client", { at: "/own?show=consents" });
  await decide(client.page, "ProhibitTransfer", async (ask) => client.fill(ask, { "prohibit-who": "Pohjois-Savon hyvinvointialue" }));
  await report(koppi, { code: "030694W9024", basis: attested });
  await client.go("/own?show=consents");
  const passed = client.page.locator("[data-passed]");
  await expect(passed).toContainText("Perustoimeentulotuki (Kela)");
  await expect(passed).toContainText("sosiaalihuoltolaki 35 § 2 mom.");
  await expect(client.page.locator("[data-blocked]")).toHaveCount(0);
  await picture(client.page, "own-passed");
});

test("an agency records what the client wishes, and takes it back; so does the client", long, async ({ koppi, comes }) => {
  const concern = await report(koppi, { code: "030694W9024", unit: "tyoikaiset-kuopio" });
  const worker = await comes("ps-21", { at: `/work/${concern}` }), second = await comes("ps-33"), client = await comes("client");
  const reason = "Asiakas pyysi tätä vastaanotolla.";
  await looksUp(worker);
  // A directive that one officer records waits for the client or another officer.
  const waiting = (person: typeof worker) => person.page.locator("[data-waiting]"), stands = `Tietoja ei saa antaa: ${theHealth}`;
  await worker.take("ProhibitTransfer");
  await worker.fill(worker.page.locator("form.step-form"), { recipient: theHealth, reason });
  await picture(worker.page, "wish-form");
  await worker.send(worker.page.locator("form.step-form"));
  await expect(waiting(worker)).toContainText(`Kielto: tietoja ei saa antaa: ${theHealth}`);
  await expect(waiting(worker)).toContainText("Omaa kirjaustaan ei voi vahvistaa");
  await expect(worker.step("ConfirmDirective")).toHaveCount(0);
  await expect(worker.page.locator("main")).not.toContainText(stands);
  await picture(worker.page, "wish-recorded");
  await client.go("/own?show=consents");
  await expect(waiting(client)).toContainText(reason);
  await picture(client.page, "wish-client");
  await client.step("ConfirmDirective").click();
  await picture(client.page, "wish-client-asked");
  await client.page.locator("form.ask button").last().click();
  await expect(client.page.locator("[data-prohibition]")).toHaveCount(0);
  const rows = second.page.locator('.rows [data-subject^="confirmations/"]');
  await second.go("/work");
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("Vahvistettava kirjaus");
  await picture(second.page, "wish-worklist");
  await rows.first().click();
  await saysWhy(second);
  await expect(waiting(second)).toContainText("Vahvista tämä toisena virkahenkilönä");
  await picture(second.page, "wish-second");
  await second.take("ConfirmDirective", {});
  await expect(second.page.locator("main")).toContainText(stands);
  await client.page.locator("[data-again]").click();
  await expect(client.page.locator("[data-prohibition]")).toContainText(theHealth);
  await worker.take("GiveConsent", {
    recipient: "Kansaneläkelaitos", services: ["concern", "referral"], purpose: "Vuokra-asian hoito.", until: "2027-05-31",
  });
  await expect(worker.page.locator("main")).toContainText("Tietoja saa antaa: Kansaneläkelaitos");
  await expect(worker.page.locator("main")).toContainText(stands);
  await client.page.locator("[data-again]").click();
  await expect(client.page.locator("[data-advance]")).toContainText("Vuokra-asian hoito.");
  // The client refuses the first lifting, and confirms the second.
  for (const step of ["RefuseDirective", "ConfirmDirective"]) {
    await worker.take("LiftProhibition", { reason });
    await expect(waiting(worker).last()).toBeVisible();
    await client.page.locator("[data-again]").click();
    await decide(client.page, step);
  }
  await worker.take("WithdrawAdvanceConsent", { reason });
  await expect(worker.page.locator("main")).toContainText("Peruttu 23.11.2026");
  await expect(worker.page.locator("main")).toContainText("Kielto on poistettu 23.11.2026");
  await expect(waiting(worker)).toContainText("Asiakas on hylännyt tämän");
  await worker.take("WithdrawConsent", {});
  await expect(worker.page.locator("main")).toContainText("Viranomainen on kirjannut suostumuksen perutuksi");
  await client.page.locator("[data-again]").click();
  const steps = ["LiftProhibition", "WithdrawAdvanceConsent", "WithdrawConsent", "ConfirmDirective"];
  await expect(client.page.locator(steps.map((step) => `[data-step="${step}"]`).join(", "))).toHaveCount(0);
  // The client gives the same directive itself; it takes effect at once.
  await decide(client.page, "ProhibitTransfer", async (ask) => client.fill(ask, { "prohibit-who": "koko terveydenhuolto" }));
  await decide(client.page, "LiftProhibition");
  await decide(client.page, "GiveConsent", async (ask) => client.fill(ask, {
    "give-who": "Kansaneläkelaitos", "give-services": ["concern"], "give-purpose": "Vuokra.", "give-until": "2027-05-31",
  }));
  await decide(client.page, "WithdrawAdvanceConsent");
  await expect(client.page.locator('[data-step="LiftProhibition"], [data-step="WithdrawAdvanceConsent"]')).toHaveCount(0);
});
