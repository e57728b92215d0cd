import { oneOf, remembered, upTo } from "./remembered";

/** The nickname used last. */
export const nickname = remembered("nickname", "", upTo(200));

/** Where this device is: in the room, where the big screen is heard, it stays silent; elsewhere it plays. */
export const whereabouts = remembered("whereabouts", "elsewhere", oneOf("room", "elsewhere"));

/** The theme: the device's, or one. */
export const themeChoice = remembered("theme", "system", oneOf("system", "light", "dark"));

/** The language: the browser's, or one. */
export const localeChoice = remembered("locale", "auto", oneOf("auto", "ko", "en"));
