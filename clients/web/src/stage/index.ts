/** The big screen: a battle as a whole room sees and hears it, from four metres away. */
export { default as StageView } from "./StageView.vue";
