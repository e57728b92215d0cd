import { createVuetify, type ThemeDefinition } from "vuetify";
import { aliases, mdi } from "vuetify/iconsets/mdi-svg";
import { nonce } from "./config";

// Vuetify's 0.6 leaves labels below 4.5:1.
const variables = { "medium-emphasis-opacity": 0.78 };

// Singer one is warm, singer two cool, everywhere, and nothing else has these colours. Further seats get two more.
const night: ThemeDefinition = {
  dark: true,
  variables,
  colors: {
    background: "#0d0b12",
    surface: "#17141f",
    "surface-bright": "#252031",
    "surface-variant": "#2c2638",
    "on-surface-variant": "#d6d1e2",
    primary: "#cfc4ff",
    "on-primary": "#1b1530",
    secondary: "#a9a2bd",
    error: "#ff8fa3",
    warning: "#ffd479",
    success: "#a5e3a0",
    info: "#b9c6ff",
    singer1: "#ff7a6b",
    "on-singer1": "#2b0a06",
    singer2: "#5ad1d8",
    "on-singer2": "#04272a",
    singer3: "#f2c94c",
    "on-singer3": "#2b2104",
    singer4: "#b79cff",
    "on-singer4": "#170a3a",
  },
};

const day: ThemeDefinition = {
  dark: false,
  variables,
  colors: {
    background: "#faf8f5",
    surface: "#ffffff",
    "surface-bright": "#ffffff",
    "surface-variant": "#ece7e1",
    "on-surface-variant": "#38323f",
    primary: "#4a3f8f",
    "on-primary": "#ffffff",
    secondary: "#5d566b",
    error: "#a3123a",
    warning: "#7a4b00",
    success: "#1d6b2c",
    info: "#38479b",
    singer1: "#b3301e",
    "on-singer1": "#ffffff",
    singer2: "#00686f",
    "on-singer2": "#ffffff",
    singer3: "#7a5c00",
    "on-singer3": "#ffffff",
    singer4: "#6236c9",
    "on-singer4": "#ffffff",
  },
};

/** The name of a singer's colour in the theme, by seat. */
export function singerColor(seat: number): string {
  return `singer${((Math.max(1, seat) - 1) % 4) + 1}`;
}

/** The colour as CSS has it. */
export function singerCSS(seat: number): string {
  return `rgb(var(--v-theme-${singerColor(seat)}))`;
}

export const vuetify = createVuetify({
  theme: { defaultTheme: "system", cspNonce: nonce, themes: { light: day, dark: night } },
  icons: { defaultSet: "mdi", aliases, sets: { mdi } },
  defaults: {
    VBtn: { rounded: "lg", style: "text-transform: none; letter-spacing: 0" },
    VCard: { rounded: "xl" },
    VTextField: { variant: "outlined", density: "comfortable", hideDetails: "auto" },
    VDialog: { maxWidth: 480 },
  },
});
