// What is done with a whole data set from its head: the drawers of export, halves and versions.

import { onAct, send } from "./actions.js";
import { openSheet } from "./data_sheet.js";
import { draftOf, sheet } from "./data_state.js";
import { $ } from "./dom.js";
import { closeDrawer } from "./drawer.js";

const about = () => ({ dataset: sheet.id, draft: draftOf(sheet.id) });

for (const name of ["data_export", "data_more", "data_versions"])
  onAct(name, () => send(name, { ...about(), number: name === "data_export" ? sheet.old || "" : "" }));
for (const name of ["data_split", "data_sample", "data_dedupe", "data_near"])
  onAct(name, ({ fields, near = "" }) => send(name, { ...about(), near, fields: fields ?? {} }));
onAct("data_open_version", ({ dataset, number }) => {
  closeDrawer();
  const isNewest = Number(number) === Math.max(sheet.latest, 0);
  openSheet(dataset, { number: isNewest ? 0 : Number(number) });
});
onAct("data_difference", async (args) => {
  await send("data_difference", args);
  $("#data-difference")?.scrollIntoView({ block: "start" });
});
