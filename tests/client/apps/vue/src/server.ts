import { LivePlugin } from "@live/client/vue";
import { createSSRApp } from "vue";
import { renderToString } from "vue/server-renderer";
import App from "./App.vue";
import { live } from "./live.ts";

export const render = () => renderToString(createSSRApp(App).use(LivePlugin, live));
