import { ordinary } from "./cases";
import { expect, test } from "./fixtures";

test("a client sees its matters, withdraws a consent, and sees who looked", async ({ koppi, comes }) => {
  const { concern, referral } = await ordinary(koppi), client = await comes("client", { width: 390, height: 844 }), { page } = client;
  for (const subject of [concern, referral]) await expect(page.locator(`[data-situation="${subject}"]`)).toBeVisible();
  await expect(page.locator("main")).not.toContainText(/[A-Z]{3,}_[A-Z]/);
  await client.go("/own?show=consents");
  const consent = page.locator(`[data-consent="${referral}"]`);
  await consent.locator('[data-step="WithdrawConsent"]').click();
  await page.locator("form.ask [data-send]").click();
  await page.locator("form.ask [data-send]").click();
  await expect(consent.locator('[data-step="WithdrawConsent"]')).toHaveCount(0);
  const nurse = await comes("tk-02");
  await nurse.go(`/work/${referral}`);
  await expect(nurse.matter).toBeVisible();
  await expect(nurse.matter).not.toContainText("Työkyvyn arvio.");
  await client.go("/own?show=looked");
  await expect(page.locator("[data-day]").first()).toContainText("Kuopion terveysasema");
});
