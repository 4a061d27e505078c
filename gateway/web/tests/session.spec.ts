import type { Page } from "@playwright/test";

import { consented, county, health, known } from "./begin";
import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

// soon makes the page believe that its session ends in a number of seconds, and no later than
// `last` seconds from now; Koppi itself answers an extension.
async function soon(page: Page, seconds: number, last = 36_000) {
  const now = Date.now();
  const ends = { until: new Date(now + seconds * 1000).toISOString(), expires: new Date(now + last * 1000).toISOString() };
  await page.route("**/session", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json(), ...(response.ok() && ends) } });
  });
}

test("who signs in again finds the page, its client and the draft as they were", async ({ koppi, comes }) => {
  const subject = await report(koppi), address = `/new/referral?from=${encodeURIComponent(subject)}`;
  const guide = await comes("ps-04", { at: address }), { page } = guide;
  const form = page.locator("form.step-form"), reason = form.locator('[data-field="reason"] textarea');
  await guide.fill(form, { kind: "REFERRAL_KIND_SERVICE", receiver: health, reason: "Tarvitsee tukea arkeen." });
  await guide.first(form);
  const follows = await page.locator(".follows").textContent();
  expect(follows).toContain("asiakas");
  await page.context().clearCookies();
  const door = page.locator('[data-person="ps-04"]'), other = page.locator(".sign-in-place[href]");
  // An issuer's sign-in link leads back to the same address with its query.
  await page.route("**/session", async (route) => {
    const response = await route.fetch();
    const doors = [
      { issuer: "https://issuer.example", name: { fi: "Toisaalla" }, url: "/session/sign-in?issuer=https%3A%2F%2Fissuer.example" },
    ];
    await route.fulfill({ response, json: { ...await response.json(), ...(!response.ok() && { signIn: doors }) } });
  });
  // The next request is answered that nobody is signed in any more.
  await form.locator('[data-field="receiver"]').getByRole("button", { name: /Viranomainen/ }).click();
  await page.getByRole("option").last().click();
  await expect(door).toBeVisible();
  await expect(page.locator(".problem")).toContainText("Kirjoittamasi on tallessa");
  await pictures(page, "session-ended");
  const back = new URL(await other.getAttribute("href") ?? "", page.url()).searchParams.get("to")!;
  expect(decodeURIComponent(back)).toBe(decodeURIComponent(address));
  await door.click();
  await expect(page.locator(".follows")).toHaveText(follows!);
  await expect(form.locator('[data-field="code"]')).toHaveCount(0);
  expect(decodeURIComponent(page.url())).toContain(decodeURIComponent(address));
  await guide.next(form);
  await expect(reason).toHaveValue("Tarvitsee tukea arkeen.");
});

test("who was not signed in comes back to the page without the refusal in its address", long, async ({ comes }) => {
  const guide = await comes("ps-04"), { page } = guide;
  await page.context().clearCookies();
  await page.route("**/session", async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response, json: { ...await response.json(), signIn: [{ issuer: "a", name: { fi: "Toisaalla" }, url: "/session/sign-in?issuer=a" }] },
    });
  });
  await guide.go("/new/referral?from=concerns%2F1&refused=SIGN_IN_FAILED");
  await expect(page.locator(".problem")).toContainText("Kirjautuminen ei onnistunut");
  await expect(page.locator(".sign-in-place[href]"))
    .toHaveAttribute("href", `/session/sign-in?issuer=a&to=${encodeURIComponent("/new/referral?from=concerns%2F1")}`);
});

test("the end of a session is announced in time, and one press puts it off", async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), { page } = kela;
  const dialog = page.getByRole("dialog", { name: /Istuntosi päättyy klo \d/ });
  await kela.fill(page.locator("form.step-form"), {
    ...known("010594Y9032"), ...consented, receiver: county, description: "Kaksi vuokraa",
  });
  await expect(dialog).toHaveCount(0);
  await soon(page, 170);
  // The page checks the remaining time when it becomes visible again, as after a suspended machine.
  await page.reload();
  await expect(dialog).toBeVisible();
  // For a screen reader the focus is within the dialog, and its title is its name.
  await expect.poll(() => dialog.evaluate((it) => it.contains(document.activeElement))).toBe(true);
  await pictures(page, "session-ends");
  await page.unroute("**/session");
  const extended = page.waitForResponse((response) => response.url().endsWith("/session/extend"));
  await dialog.getByRole("button", { name: "Jatka" }).click();
  expect((await extended).status()).toBe(200);
  await expect(dialog).toHaveCount(0);
  await expect(page.locator('[data-field="description"] textarea')).toHaveValue("Kaksi vuokraa");
});

test("a session that another tab has put off warns no more; one that cannot be put off says what to do", long, async ({ comes }) => {
  const kela = await comes("kela-17"), { page } = kela, dialog = page.getByRole("dialog");
  await soon(page, 170);
  await kela.go("/new/concern");
  await expect(dialog).toContainText("Jatka, jos olet vielä täällä");
  await page.unroute("**/session");
  await expect(dialog).toHaveCount(0, { timeout: 40_000 });
  await soon(page, 25, 25);
  await page.reload();
  await expect(dialog).toContainText("ei voi enää jatkaa");
  await expect(dialog.getByRole("button", { name: "Jatka" })).toHaveCount(0);
  await pictures(page, "session-ends-for-good");
  await dialog.getByRole("button", { name: "Selvä" }).click();
  await expect(dialog).toHaveCount(0);
  // After the end the page says so by itself, and shows no data of the user.
  await page.unroute("**/session");
  await page.context().clearCookies();
  await expect(page.locator('[data-person="kela-17"]')).toBeVisible({ timeout: 40_000 });
  await expect(page.locator(".problem")).toContainText("Istunto on päättynyt");
});

test("while nothing answers, an open form stays", async ({ koppi, comes }) => {
  const kela = await comes("kela-17"), { page } = kela;
  await soon(page, 100);
  await kela.go("/new/concern");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  koppi.line.cut();
  await dialog.getByRole("button", { name: "Jatka" }).click();
  await expect(dialog.locator(".problem")).toContainText("Yhteys ei toimi");
  koppi.line.mend();
  await page.unroute("**/session");
  await dialog.getByRole("button", { name: "Jatka" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.locator("form.step-form")).toBeVisible();
});
