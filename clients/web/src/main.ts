import "./shell/reset.css";
import "vuetify/styles";
import "./shell/page.css";
import { createApp } from "vue";
import App from "./shell/App.vue";
import { i18n } from "./shell/i18n";
import { vuetify } from "./shell/theme";

// A part of the page that isn't there any more: the server was renewed meanwhile, and so must the page be.
addEventListener("vite:preloadError", (event) => {
  event.preventDefault();
  location.reload();
});

createApp(App).use(vuetify).use(i18n).mount("#page");
