import type { Page } from "@playwright/test";

import { report } from "./cases";
import { expect, long, test } from "./fixtures";

// tabTo presses Tab until a field has the focus.
async function tabTo(page: Page, field: string) {
  for (let presses = 0; presses < 40; presses += 1) {
    const there = await page.evaluate(
      (name) => document.activeElement?.closest("[data-field], [data-send]")?.matches(`[data-field="${name}"], [${name}]`) ?? false,
      field,
    );
    if (there) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${field}`);
}

test("a concern is reported by the keyboard alone", async ({ comes }) => {
  const { page } = await comes("kela-17"), form = page.locator("form.step-form");
  const press = async (...keys: string[]) => { for (const key of keys) await page.keyboard.press(key); };
  const arrives = async (at: number) => {
    await expect(form).toHaveAttribute("data-page", String(at));
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName), "the heading has the focus").toBe("H1");
  };
  await page.locator("button.begin, .begin button").first().focus();
  await press("Enter");
  // The menu has the focus once it is open.
  await expect(page.locator("[role=menuitem]").first()).toBeFocused();
  await press("Enter");
  // The first field has the focus.
  await form.locator('[data-field="code"]').waitFor();
  await expect(form.locator('[data-field="code"] input')).toBeFocused();
  await page.keyboard.type("010594Y9032");
  await tabTo(page, "municipality");
  await press("ArrowUp", "ArrowUp");
  await expect(form.locator("[data-proposed]")).toContainText(", Pohjois-Savon hyvinvointialue");
  // The first ground is the client's consent, given just now.
  await expect(form.locator('[data-field="ground"] input').first()).toBeAttached();
  await tabTo(page, "ground");
  await press("Space");
  // Enter goes on.
  await press("Enter");
  await arrives(2);
  await tabTo(page, "topics");
  await page.keyboard.type("vuokra");
  await press("Tab", "Tab");
  await tabTo(page, "topics");
  await press("Space");
  await tabTo(page, "description");
  await page.keyboard.type("Kaksi vuokraa maksamatta.");
  await tabTo(page, "urgency");
  await press("Space", "Enter");
  await arrives(3);
  await tabTo(page, "feedback");
  await press("Space");
  await tabTo(page, "data-send");
  await press("Enter");
  await expect(page.locator("[data-receipt]")).toContainText("Huoli-ilmoitus on lähetetty");
});

test("nothing typed is lost: not by an error, a reload, or an ended session", async ({ koppi, comes }) => {
  const subject = await report(koppi), guide = await comes("ps-04"), { page } = guide;
  await guide.open(subject);
  await guide.take("ReceiveConcern");
  await guide.press("RequestInformation");
  const form = page.locator("form.step-form"), question = form.locator('[data-field="question"] textarea');
  await question.fill("Asiakas 010594Y9032: milloin häneen on saatu yhteys?");
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="question"]')).toContainText("Tekstissä on henkilötunnus. Poista se.");
  await expect(question).toHaveValue(/010594Y9032/);
  await question.fill("Milloin asiakkaaseen on saatu yhteys?");
  await page.reload();
  await guide.press("RequestInformation");
  await expect(question).toHaveValue("Milloin asiakkaaseen on saatu yhteys?");
  // The session expires, as it does after hours; the draft is there after the next sign-in.
  await page.context().clearCookies();
  // Sending detects the expired session, unless another read of the page does and removes the form
  // first.
  const signIn = page.locator('[data-person="ps-04"]');
  await expect(async () => {
    if (!await signIn.isVisible()) await form.locator("[data-send]").click({ timeout: 1_000 });
    await expect(signIn).toBeVisible({ timeout: 5_000 });
  }).toPass();
  await signIn.click();
  await guide.press("RequestInformation");
  await expect(question).toHaveValue("Milloin asiakkaaseen on saatu yhteys?");
  await guide.send(form);
  await expect(guide.phase).toContainText(guide.word("LOOP_PHASE_WAITING"));
  expect(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("draft ")))).toEqual([]);
});

test("a form that was begun is there again before it is known who can be addressed", long, async ({ comes }) => {
  const tk = await comes("tk-02"), { page } = tk, receiver = page.locator('[data-field="receiver"]');
  let known = () => {};
  const read = new Promise<void>((done) => { known = done; });
  await tk.go("/new/referral");
  await tk.fill(page.locator("form.step-form"), { code: "010594Y9032" });
  await page.route("**/*/GetAgencies", async (route) => { await read; await route.continue(); });
  await page.reload();
  await expect(receiver).toBeVisible();
  await expect(receiver.getByRole("button")).toHaveCount(0);
  known();
  await expect(receiver.getByRole("button", { name: /Viranomainen/ })).toBeVisible();
});

test("what was entered in error becomes a tombstone at both, and each acknowledges", long, async ({ koppi, comes }) => {
  const subject = await report(koppi), guide = await comes("ps-04"), kela = await comes("kela-17");
  await guide.open(subject);
  await guide.take("ReceiveConcern");
  await kela.open(subject, "sent");
  await kela.take("RevokeConcern", { reason: "Väärä henkilö." });
  for (const who of [kela, guide]) {
    await expect(who.matter).toContainText("Merkitty virheelliseksi");
    await expect(who.matter).not.toContainText("Kaksi vuokraa maksamatta.");
  }
  await guide.take("AcknowledgeRevocation", {});
  await expect(kela.matter).toContainText("kuitattu");
});
