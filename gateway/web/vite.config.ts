import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Built into dist/pages, from where the gateway's binary embeds it.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist/pages",
    emptyOutDir: true,
    // Everything comes from files of our own: the content security policy allows nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Only what this build wrote is served; nobody outside needs to read the sources there.
    sourcemap: false,
    manifest: "manifest.json",
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { "^/(koppi\\.|session)": "http://127.0.0.1:8080" } },
});
