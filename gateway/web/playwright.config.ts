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
  // make soak runs all of them.
  grepInvert: process.env.SOAK_PAGES === undefined ? /@long/ : undefined,
  fullyParallel: true,
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 45_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  snapshotPathTemplate: "{testDir}/snapshots/{arg}{ext}",
  forbidOnly: true,
  use: {
    launchOptions: {
      executablePath: chromium,
      // The last three save a third of the processor time of a page: on two cores, further processes and threads only wait.
      args: [
        "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--js-flags=--single-threaded",
        "--in-process-gpu", "--enable-features=NetworkServiceInProcess2",
      ],
    },
    locale: "fi-FI", timezoneId: "Europe/Helsinki", viewport: { width: 1280, height: 900 }, actionTimeout: 45_000,
  },
});
