import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the build works below any path of a static host.
  base: "./",
  plugins: [react()],
  build: { target: "es2022", assetsInlineLimit: 2048, sourcemap: false },
});
