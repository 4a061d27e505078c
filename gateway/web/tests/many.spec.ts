import { randomUUID } from "node:crypto";

import { consent } from "./cases";
import { expect, long, test } from "./fixtures";

test.use({ settings: "--calls-per-second=100000 --worker-calls-per-second=100000" });

test("a worklist of a thousand rows holds what is in sight alone", long, async ({ koppi, comes }) => {
  let left = 1000;
  const send = async () => {
    while (left-- > 0) {
      await koppi.call("kela-17", "concern.v1.ConcernService/SubmitConcern", {
        requestId: randomUUID(), client: { details: { familyName: "Testinen" } }, receiver: { agency: "hva-pohjois-savo" },
        basis: consent("1301/2014 § 35.1"), topics: ["TOPIC_OTHER"], urgency: "URGENCY_NORMAL",
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, send));
  const { page } = await comes("ps-04"), rows = page.locator("a.row");
  await expect(page.getByRole("list", { name: /1000 asiaa/ })).toHaveCount(1);
  expect(await rows.count()).toBeLessThan(60);
  await page.keyboard.press("j");
  await expect(page.locator("a.row:focus")).toHaveCount(1);
  for (let presses = 0; presses < 30; presses += 1) await page.keyboard.press("j");
  await expect(page.locator("li:has(a.row:focus)")).toHaveAttribute("aria-posinset", "31");
  await page.locator(".list").evaluate((pane) => pane.scrollTo(0, pane.scrollHeight));
  await expect(page.locator('li[aria-posinset="1000"]')).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);
});
