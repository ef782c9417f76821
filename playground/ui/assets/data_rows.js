// Rows that a model writes, one at a time: each is read, corrected, and kept or left.

import { onAct, send } from "./actions.js";
import { showAlert, toast } from "./alerts.js";
import { draftOf, edit, sheet } from "./data_state.js";
import { $, h } from "./dom.js";
import { call, page } from "./store.js";
import { apply } from "./updates.js";

const about = () => ({ dataset: sheet.id, draft: draftOf(sheet.id) });

onAct("data_generate", () => send("data_generate", { ...about(), ...(page.form?.columns?.[0] ?? {}) }));

let asking = 0;
onAct("data_write_row", async ({ fields }) => {
  const mine = ++asking;
  const place = $("#generated");
  const began = Date.now();
  const tell = () => {
    if (place?.isConnected && mine === asking)
      place.replaceChildren(h("p", { class: "soft" }, `Writing a row, ${Math.round((Date.now() - began) / 1000)} s`));
  };
  tell();
  const ticking = setInterval(tell, 1000);
  const reply = await call("data_write_row", { ...about(), fields });
  clearInterval(ticking);
  if (mine !== asking || !place?.isConnected) return;
  if (reply.alert) place.replaceChildren();
  apply(reply);
  $("#generated .btn.primary")?.focus();
});
onAct("data_keep_row", async ({ fields, model }) => {
  const cells = Object.entries(fields).filter(([name]) => name.startsWith("cell:"));
  const row = Object.fromEntries(cells.map(([name, text]) => [name.slice(5), text]));
  const refused = await edit({ add: [row], by: model });
  if (refused) return showAlert(refused);
  const said = "Kept as a new row, marked as generated. It is saved with the others.";
  $("#generated").replaceChildren(h("p", { class: "soft" }, said));
  $(".generate [data-default]")?.focus();
  toast("Row kept; save makes it part of the next version");
});
onAct("data_leave_row", () => {
  asking++;
  $("#generated").replaceChildren();
  $(".generate [data-default]")?.focus();
});
