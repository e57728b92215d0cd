/** The dialog in which a singer picks a song. A sixth of the battle's code, which watchers never need. */
export const loadPicker = () => import("./MusicPicker.vue");
