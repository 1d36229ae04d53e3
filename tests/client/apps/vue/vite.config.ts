import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  server: { fs: { strict: false } }, // the tests install packages in a folder above
});
