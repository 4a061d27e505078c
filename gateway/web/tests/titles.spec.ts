import { ordinary } from "./cases";
import { expect, long, test } from "./fixtures";

test("each page and matter has its title, without personal data, and a change is announced", async ({ koppi, comes }) => {
  const cases = await ordinary(koppi), worker = await comes("ps-21"), { page } = worker, announced = page.locator("[data-announcer]");
  const number = () => page.locator("#matter-title .number").innerText(), seen = new Set<string>();
  const shows = async (title: string) => {
    await expect(page).toHaveTitle(title ? `${title} – Koppi` : "Koppi");
    // The region exists before its content: a screen reader announces what is added to it.
    await expect(announced).toHaveText(title);
    expect(seen.has(title), title).toBe(false);
    seen.add(title);
    for (const personal of ["Aino", "010594", "Meikäläinen"]) expect(title).not.toContain(personal);
  };
  await shows("Työlista");
  for (const [room, title] of [
    ["sent", "Lähetetyt"], ["consultations", "Konsultaatiot"], ["plans", "Suunnitelmat"], ["client", "Asiakas"],
    ["people", "Työntekijät"], ["reviews", "Hätäkatselut"], ["statistics", "Tilastot"],
  ] as const) {
    await page.locator(`.rooms a[href="/${room}"]`).click();
    await shows(title);
  }
  await worker.open(cases.concern);
  await shows(`Huoli-ilmoitus ${await number()} – Työlista`);
  await worker.open(cases.consultation, "consultations");
  // The topic is free text, and must not be in the title.
  await shows(`Konsultaatio ${await number()} – Konsultaatiot`);
  await worker.open(cases.plan, "plans");
  await shows(`Yhteinen suunnitelma ${await number()} – Suunnitelmat`);
  await page.locator('.rooms a[href="/plans"]').click();
  await expect(page).toHaveTitle("Suunnitelmat – Koppi");
  for (const [what, title] of [
    ["concern", "Uusi huoli-ilmoitus"], ["referral", "Uusi lähete"], ["consultation", "Uusi konsultaatio"],
    ["plan", "Uusi yhteinen suunnitelma"],
  ] as const) {
    await worker.go(`/new/${what}`);
    await shows(title);
  }
  await page.getByRole("button", { name: "Svenska" }).click();
  await expect(page).not.toHaveTitle("Uusi yhteinen suunnitelma – Koppi");
  await page.getByRole("button", { name: "Suomi" }).click();
  await page.getByRole("button", { name: "Kirjaudu ulos" }).click();
  await shows("Kirjaudu sisään");
});

test("the client's page is one page with one title, whatever is unfolded", long, async ({ koppi, comes }) => {
  await ordinary(koppi);
  const client = await comes("client"), { page } = client;
  for (const view of ["plan", "consents", "looked"]) {
    await page.locator(`[data-fold="${view}"]`).click();
    await expect(page).toHaveURL(new RegExp(`show=${view}$`));
    await expect(page).toHaveTitle("Omat asiani – Koppi");
  }
});
