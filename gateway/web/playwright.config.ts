import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// The headless shell takes less than half of the time of a full Chromium, from the same build.
const chromium = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
if (!chromium) throw new Error("the pages are tested in a browser, and there is none: apt-get install chromium-headless-shell");

// Real Chromium against a real Koppi: each test starts its own, on a free port and in a folder of
// its own.
export default defineConfig({
  testDir: "tests",
  globalSetup: "./tests/build.ts",
  fullyParallel: true,
  // One more than the cores of a small machine: meanwhile one waits for its Koppi, or for a timer of the page.
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 45_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  snapshotPathTemplate: "{testDir}/snapshots/{arg}{ext}",
  forbidOnly: true,
  use: {
    launchOptions: { executablePath: chromium, args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update"] },
    locale: "fi-FI", timezoneId: "Europe/Helsinki", viewport: { width: 1280, height: 900 }, actionTimeout: 45_000,
  },
});
