import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// accessible says that axe finds nothing on the page as it is shown now. Our pages have no frames:
// axe need not collect its results in another page ("legacy mode"), nor list in full what passes, which
// takes a third of the time.
export async function accessible(page: Page, where?: string) {
  expect(page.frames(), "frames would not be examined").toHaveLength(1);
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] }).withTags(standards)
    .analyze();
  expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`), where).toEqual([]);
}
