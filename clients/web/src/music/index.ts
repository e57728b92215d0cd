/** The room's music as the battle shows it: the player, the lyrics, and the dialog in which a singer picks a song. */
export { default as NowPlaying } from "./NowPlaying.vue";
export { default as LyricsView } from "./LyricsView.vue";
export { default as MusicPicker } from "./MusicPicker.vue";
