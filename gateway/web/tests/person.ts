import { expect, type Browser, type BrowserContext, type Locator, type Page } from "@playwright/test";

import words from "../src/texts/words.json" with { type: "json" };
import { trialPeople } from "../src/app/trial";
import type { Koppi } from "./koppi";

type Language = "fi" | "sv" | "en";
// The grounds depend on the receiver, and what a form asks next on the ground.
const order = ["receiver", "participant", "party", "", "ground", "consentedAt", "feedback"];
const place = (field: string) => (order.includes(field) ? order.indexOf(field) : order.indexOf(""));
// A list begins with a name, and says after it what the worker is and whether the worker is away.
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const nameOf = (worker: string) => trialPeople.find((one) => one.worker === worker)?.name;
const begins = (name: string) => new RegExp(`^${escaped(name)}( \\(|,|$)`);
const locales = { fi: "fi-FI", sv: "sv-FI", en: "en-GB" };

// Person is a user in a browser of their own.
export class Person {
  // What no page may do: violate its policy, fail, or send a request to another site.
  readonly misdeeds: string[] = [];
  private constructor(
    readonly page: Page, private readonly context: BrowserContext, readonly koppi: Koppi, readonly name: string,
    private readonly language: Language,
  ) {}

  // comes opens a browser in which the person is signed in, at an address. The sign-in page itself is
  // examined by session.spec.ts and tabs.spec.ts.
  static async comes(
    browser: Browser, koppi: Koppi, name: string, { at = "/", language = "fi" as Language, width = 1280, height = 900 } = {},
  ): Promise<Person> {
    const context = await browser.newContext({ locale: locales[language], viewport: { width, height } });
    const person = new Person(await context.newPage(), context, koppi, name, language);
    person.page.on("pageerror", (error) => person.misdeeds.push(`error: ${error.message}`));
    person.page.on("console", (message) => {
      if (/Content.Security.Policy|Trusted/i.test(message.text())) person.misdeeds.push(message.text());
    });
    person.page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(koppi.line.address)) {
        person.misdeeds.push(`asked ${request.url()}`);
      }
    });
    const session = await context.request.post(`${koppi.line.address}/session`, {
      headers: { Authorization: `Bearer ${await koppi.token(name)}` },
    });
    expect(session.ok(), `${name}'s session`).toBe(true);
    await person.go(at);
    await person.page.locator(".who").waitFor({ state: "attached" });
    return person;
  }

  // becomes signs in as another client, who is not on the sign-in page.
  async becomes(personalIdentityCode: string) {
    await this.page.evaluate(async (code) => {
      const issued = await fetch("/koppi.dev.v1.DevService/IssueToken", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ role: "client", personalIdentityCode: code }),
      });
      await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${(await issued.json()).token}` } });
    }, personalIdentityCode);
    await this.page.reload();
  }

  leaves() { return this.context.close(); }

  word = (name: string) => (words[this.language] as Record<string, string>)[name] ?? name;

  // go opens an address within the application, as a link does.
  go = (path: string) => this.page.goto(this.koppi.line.address + path);
  row = (subject: string) => this.page.locator(`a.row[data-subject="${subject}"]`);
  get matter() { return this.page.locator("article.matter"); }
  get summary() { return this.page.locator("[data-summary]"); }
  get phase() { return this.page.locator(".phase-line [aria-current=step]"); }
  step = (name: string) => this.page.locator(`[data-step="${name}"]`).first();

  // press chooses a step of the open matter; under "Muut toiminnot" if it has no button.
  press = (name: string) => this.choose(this.step(name));
  // begin chooses a new matter that is begun from the open one.
  begin = (what: string) => this.choose(this.page.locator(`[role=menuitem][data-begin="${what}"]`));

  private async choose(entry: Locator) {
    const more = this.page.locator("[data-more]");
    await entry.waitFor({ state: "attached" });
    // A page that is read again meanwhile may move the step from the menu to a button.
    await expect(async () => {
      if (await entry.isVisible()) return;
      if ((await more.getAttribute("aria-expanded", { timeout: 1_000 })) === "false") await more.click({ timeout: 5_000 });
      await expect(entry).toBeVisible({ timeout: 5_000 });
    }).toPass();
    // It may close the menu, too.
    await expect(async () => {
      if (!await entry.isVisible()) await more.click({ timeout: 5_000 });
      await entry.click({ timeout: 5_000 });
    }).toPass();
  }

  // list opens a list, shows its new matters, and opens one of them.
  async open(subject: string, list = "work", queue?: "me" | "agency") {
    await this.page.locator(`.rooms a[href="/${list}"]`).click();
    if (queue) await this.page.locator(`[data-queue="${queue}"]`).click();
    const fresh = this.page.locator("button.fresh");
    await this.row(subject).or(fresh).first().waitFor();
    // A list that is read again meanwhile shows the new ones itself, and the button is gone.
    await expect(async () => {
      if (!(await this.row(subject).isVisible())) await fresh.click({ timeout: 1_000 });
      await this.row(subject).click({ timeout: 1_000 });
    }).toPass();
    await expect(this.matter).toHaveAttribute("data-matter", subject.split("/")[1]!);
  }

  // take takes a step of the open matter; its input is given by field name.
  async take(name: string, values?: Record<string, unknown>) {
    const form = this.page.locator("form.step-form");
    const answered = this.page.waitForResponse((response) => response.url().endsWith("/" + name)).catch(() => undefined);
    await this.press(name);
    // A step without a form is complete when it is answered; of two at once, one would be refused.
    if (!values) return void (await Promise.race([answered, form.waitFor()]));
    await this.fill(form, values);
    await this.send(form);
  }

  // fill fills in a form, on whichever of its pages the fields are.
  async fill(form: Locator, values: Record<string, unknown>) {
    const page = form.locator("xpath=self::*[@data-page]"), ordered = Object.entries(values).sort(([a], [b]) => place(a) - place(b));
    await form.waitFor();
    if (!await page.count()) {
      for (const [name, value] of ordered) await this.give(form.locator(`[data-field="${name}"]`), value);
      return;
    }
    const left = new Map(ordered);
    for (let turned = false; ;) {
      for (let filled = true; filled;) {
        filled = false;
        for (const [name, value] of left) {
          const field = form.locator(`[data-field="${name}"]`);
          if (!await field.count()) continue;
          await this.give(field, value);
          left.delete(name);
          filled = true;
        }
      }
      if (!left.size) return;
      if (await form.locator("[data-next]").count()) await this.next(form);
      else if (turned) throw new Error(`the form does not ask for ${[...left.keys()].join(", ")}`);
      else {
        turned = true;
        await this.first(form);
      }
    }
  }

  // answer answers the request that waits, in the thread of the open matter.
  async answer(values: Record<string, unknown>) {
    const form = this.matter.locator("[data-card-form=answer]");
    await this.fill(form, values);
    await form.locator("[data-save]").click();
    await this.matter.locator("[data-answered]").waitFor();
  }

  // next goes on to the next page of a form.
  async next(form: Locator) {
    const at = Number(await form.getAttribute("data-page"));
    await form.locator("[data-next]").click();
    await expect(form).toHaveAttribute("data-page", String(at + 1));
  }

  // first goes back to the first page of a form.
  async first(form: Locator) {
    for (let at = Number(await form.getAttribute("data-page")); at > 1; at -= 1) {
      await form.locator("[data-back]").click();
      await expect(form).toHaveAttribute("data-page", String(at - 1));
    }
  }

  // last goes on to the last page of a form.
  async last(form: Locator) {
    await form.waitFor();
    while (await form.locator("[data-next]").count()) await this.next(form);
  }

  // send sends a form, and confirms a final step.
  async send(form: Locator) {
    await this.last(form);
    const send = form.locator("[data-send]"), sure = form.getByRole("button", { name: "Kyllä, olen varma" });
    const atOnce = (await sure.count()) > 0;
    await send.click();
    if (!atOnce) {
      await expect.poll(async () => (await form.count()) === 0 || (await sure.count()) > 0).toBe(true);
      if (await sure.count()) await sure.click();
    }
    await expect(form).toHaveCount(0);
  }

  // give fills in one field, by its kind.
  private async give(field: Locator, value: unknown) {
    await field.waitFor();
    await field.locator("input, textarea, button").first().waitFor({ state: "attached" });
    if (Array.isArray(value)) {
      for (const one of value) await this.tick(field.locator(`input[value="${one}"]`));
    } else if (typeof value === "boolean") {
      await this.tick(field.locator("input[type=checkbox]"), value);
    } else if (typeof value === "object" && value) {
      await this.address(field, value as { agency?: string; unit?: string; worker?: string });
    } else if (await field.locator("input[type=radio]").count()) {
      // The time of a consent is part of its option: "shl-35-1/now".
      await this.tick(field.locator(`input[type=radio]:is([value="${String(value)}"], [value$="/${String(value)}"])`).first());
    } else if (await field.locator("button[aria-haspopup=listbox]").count()) {
      await field.locator("button[aria-haspopup=listbox]").click();
      const name = nameOf(String(value)), option = name ? { name: begins(name) } : { name: this.word(String(value)), exact: true };
      await this.page.getByRole("option", option).click();
    } else if (/^\d{4}-\d{2}-\d{2}T/.test(String(value))) {
      // A moment is a day, typed as people write it, and a time.
      const [day, clock] = String(value).split("T") as [string, string];
      await field.locator("input").first().fill(day.split("-").reverse().map(Number).join("."));
      await field.locator("input").last().fill(clock.replace(":", "."));
    } else if (/^\d{4}-\d{2}-\d{2}$/.test(String(value))) {
      await field.locator("input").first().fill(String(value).split("-").reverse().map(Number).join("."));
    } else {
      await field.locator("input, textarea").first().fill(String(value));
    }
  }

  // tick clicks the label, as a user does: the visible box covers the input.
  async tick(box: Locator, checked = true) {
    if ((await box.isChecked()) !== checked) await this.page.locator(`label[for="${await box.getAttribute("id")}"]`).click();
    await expect(box).toBeChecked({ checked });
  }

  // address chooses agency and unit by their names in the directory.
  private async address(field: Locator, { agency, unit, worker }: { agency?: string; unit?: string; worker?: string }) {
    const { agencies } = await this.koppi.directory(), called = (names: Record<string, string>) => names[this.language]!;
    const there = agencies.find((one) => one.agency === agency || (!agency && one.units.some((its) => its.unit === unit)))!;
    const pick = async (label: RegExp, name: string, timeout = 20_000) => {
      await field.getByRole("button", { name: label }).click({ timeout });
      await this.page.getByRole("option", { name: begins(name) }).click({ timeout });
    };
    // A proposed receiver is changed first.
    const change = field.locator("[data-change-receiver]");
    await expect(change.or(field.getByRole("button", { name: /Viranomainen|Yksikkö/ })).first()).toBeVisible();
    // A proposal may arrive meanwhile and replace the list.
    await expect(async () => {
      if (await change.count()) await change.click({ timeout: 1_000 });
      if (agency) await pick(/Viranomainen/, called(there.names), 5_000);
    }).toPass({ timeout: 30_000 });
    if (unit) await pick(/Yksikkö/, called(there.units.find((one) => one.unit === unit)!.names));
    if (worker) await pick(/Työntekijä/, nameOf(worker)!);
  }
}
