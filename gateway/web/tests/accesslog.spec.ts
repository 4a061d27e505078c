import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

test("the own agency sees which system read for a worker, and a worker's own readings name no system", long, async ({ koppi, comes }) => {
  const subject = await report(koppi), worker = await comes("ps-04");
  await koppi.callFor("ps-system", "ps-05;palveluohjaus;service_guide", "concern.v1.ConcernService/GetConcern", {
    concernId: subject.split("/")[1],
  });
  await worker.open(subject);
  await worker.page.locator('[data-reveal="access-log"] button').click();
  const log = worker.page.locator(".access-log li");
  await expect(log.filter({ hasText: "ps-05" })).toContainText(/\(järjestelmän \S+ kautta\)/);
  await expect(log.filter({ hasText: "Olli Ohjaaja" }).first()).toBeVisible();
  await expect(log.filter({ hasText: "Olli Ohjaaja" }).filter({ hasText: "järjestelmän" })).toHaveCount(0);
  await pictures(worker.page, "access-log");
});
