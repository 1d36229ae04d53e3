import { LivePlugin } from "@live/client/vue";
import { createApp, createSSRApp } from "vue";
import App from "./App.vue";
import { live } from "./live.ts";

const root = document.querySelector("#app")!;
const create = root.firstElementChild ? createSSRApp : createApp;
create(App).use(LivePlugin, live).mount(root);
