import "./shell/reset.css";
import "vuetify/styles/core";
import "./shell/utilities.css";
import "./shell/page.css";
import { createApp } from "vue";
import App from "./shell/App.vue";
import { i18n } from "./shell/i18n";
import { vuetify } from "./shell/theme";

createApp(App).use(vuetify).use(i18n).mount("#page");
