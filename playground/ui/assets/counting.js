// Token counts that come late: on a cold first visit the model is still being loaded when they are first asked for.

import { askPreview, previewListeners } from "./store.js";

const AGAIN_MS = 2000;
const MOST = 30; // a model that is not there after a minute is waited for no longer

let waiting = null,
  tries = 0;

previewListeners.push((preview) => {
  clearTimeout(waiting);
  tries = preview.counting ? tries + 1 : 0;
  if (preview.counting && tries < MOST) waiting = setTimeout(askPreview, AGAIN_MS);
});
