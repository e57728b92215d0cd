/** The room's music as the battle shows it: the player and the lyrics. The dialog in which a singer picks a song is loaded when it is needed. */
export { default as NowPlaying } from "./NowPlaying.vue";
export { default as LyricsView } from "./LyricsView.vue";
export { loadPicker } from "./picker";
