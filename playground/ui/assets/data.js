// The Data tab: which of its pages is on screen, and how it gets there: the tab, an address, or a press.

import { fieldsOf, onAct, send } from "./actions.js";
import { drawNew, takePasted } from "./data_new.js";
import { chooseFile, importToken, openImport } from "./data_import.js";
import "./data_more.js";
import "./data_rows.js";
import { openSheet } from "./data_sheet.js";
import { drafts, isOld, sheet } from "./data_state.js";
import { $, $$ } from "./dom.js";
import { notePlace, tellsPlace } from "./places.js";
import { onTab, showTab } from "./tabs.js";
import { onShown } from "./updates.js";

const asked = new URL(location).searchParams; // the address that the page was opened with
let view = "home",
  isFirst = true;

/**
 * Shows one of the tab's pages.
 * @param {"home" | "new" | "sheet" | "import"} name
 */
function show(name) {
  view = name;
  const page = name === "new" ? "home" : name;
  for (const part of $$("#data > .data-view")) part.hidden = part.id !== `data-${page}`;
  $("#data").dataset.view = name;
  notePlace();
}

const fields = () => ({ ...fieldsOf($("#data-home")), drafts: Object.values(drafts()).join(" ") });

function home(more = {}) {
  sheet.id = "";
  show("home");
  return send("open_data", { fields: fields(), drafts: fields().drafts, ...more });
}

async function open(id, how = {}) {
  show("sheet");
  if (!(await openSheet(id, how))) await home();
}

const placeOf = () => {
  if (view === "import" && importToken()) return { data: `import ${importToken()}` };
  if (view !== "sheet" || !sheet.id) return view === "new" ? { data: "new" } : {};
  const found = { data: isOld() ? `${sheet.id}@${sheet.old}` : sheet.id };
  if (sheet.find) found.find = sheet.find;
  if (sheet.half) found.half = sheet.half;
  if (sheet.sort) found.sort = `${sheet.falls ? "-" : ""}${sheet.sort}`;
  if (sheet.row > 0) found.row = String(sheet.row);
  return found;
};

function go(place) {
  const [id, number] = (place.data ?? "").split("@");
  if (!id) return home();
  if (id.startsWith("import ")) {
    show("import");
    return openImport({ name: "This file", token: id.slice(7) });
  }
  if (id === "new") return begin();
  const sort = place.sort ?? "";
  return open(id, {
    number: Number(number) || 0,
    find: place.find ?? "",
    half: place.half ?? "",
    sort: sort.replace(/^-/, ""),
    falls: sort.startsWith("-"),
    row: Number(place.row) || 0,
  });
}

tellsPlace("Data", {
  keys: ["data", "find", "half", "sort", "row"],
  of: placeOf,
  step: ["data"],
  go: (at) => whenThere(go, at),
});

async function begin() {
  sheet.id = "";
  show("new");
  await send("data_begin", {});
}

// Gradio draws a tab when it is first opened.
function whenThere(act, ...args) {
  if ($("#data")) act(...args);
  else setTimeout(whenThere, 20, act, ...args);
}

onTab((name) => {
  if (name !== "Data") return;
  whenThere(() => {
    if (isFirst) {
      isFirst = false;
      go(Object.fromEntries(asked));
    } else if (view === "home") home();
    else notePlace();
  });
});

onShown((update) => {
  if (update.html?.["data-home"] !== undefined) drawNew($("#data-new"));
  const { back, gone, made } = update.sheet ?? {};
  if (made) return open(made);
  if (back && view === "sheet" && sheet.id === back) open(back, { find: sheet.find, half: sheet.half });
  else if ((back || gone) && $("#data")) home(); // the tab may not have been opened yet
  if (update.sheet?.name && sheet.id && view === "sheet") {
    sheet.name = update.sheet.name;
    const title = $("[data-act=data_name]");
    if (title) title.textContent = sheet.name;
  }
});

onAct("data_home", () => home());
onAct("data_open", ({ dataset, number }) => open(dataset, { number: Number(number) || 0 }));
onAct("data_new", begin);
onAct("data_show", ({ dataset }) => {
  isFirst = false;
  whenThere(() => open(dataset));
  showTab("Data");
});
onAct("data_choose", chooseFile);
onAct("open_data", (args) => home({ ...args, fields: { ...fields(), ...(args.fields ?? {}) } }));
document.addEventListener("data:import", (e) => {
  show("import");
  openImport(e.detail);
});
document.addEventListener("data:left", () => home());
document.addEventListener("data:stored", (e) => open(e.detail));
document.addEventListener("paste", (e) => {
  if (["home", "new"].includes(view) && $("#data-home")?.offsetParent) takePasted(e);
});
