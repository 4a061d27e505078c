import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Built into dist/pages, which the gateway's binary embeds.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist/pages",
    emptyOutDir: true,
    // All assets are separate files of our own: the content security policy allows nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Only the output of this build is served; the sources are not published there.
    sourcemap: false,
    manifest: "manifest.json",
    chunkSizeWarningLimit: 1200,
    // What every page needs is one file, and parts of less than 20 kB that several pages share are joined: each file costs a
    // request.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "start", tags: ["$initial"], priority: 2 },
            { name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 20_000, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "^/(koppi\\.|session)": "http://127.0.0.1:8080" } },
});
