// Rows that come in: a file, what was pasted or typed is sent, looked at on one page with all that was found, and then
// stored. Every choice reads it again in place.

import { fieldsOf, onAct } from "./actions.js";
import { showAlert } from "./alerts.js";
import { forgetNew } from "./data_new.js";
import { $, $$, h } from "./dom.js";
import { notePlace } from "./places.js";
import { call, page } from "./store.js";

import { apply } from "./updates.js";

const MOST_BYTES = 64_000_000;

let token = "",
  isTyped = false,
  turn = 0;

/** The file that is looked at; "" for none. */
export const importToken = () => token;

/** Lets a person choose a file. */
export function chooseFile() {
  $("#data-file").click();
}

document.addEventListener("change", (e) => {
  if (e.target.id === "data-file") {
    const [file] = e.target.files;
    if (file) document.dispatchEvent(new CustomEvent("data:import", { detail: { name: file.name, file } }));
    e.target.value = "";
  }
  const { choose, column } = e.target.dataset ?? {};
  if (!choose || !e.target.closest("#data-import")) return;
  const { value } = e.target;
  read(column === undefined ? { [choose]: value } : { what: choose, column, value });
});

/**
 * Opens the page of a file, of a text, or of a file that was sent before.
 * @param {{name?: string, file?: File, text?: string, typed?: boolean, token?: string}} what
 */
export async function openImport({ name, file, text, typed = false, token: known }) {
  const mine = ++turn;
  const place = $("#data-import");
  // What was said of another file is over.
  for (const said of $$(".messages")) if (said.offsetParent) said.replaceChildren();
  token = "";
  isTyped = typed;
  place.replaceChildren(
    h("div", { class: "bar data-bar" }, h("h2", {}, "Import"), h("span", { class: "mono one" }, name ?? "")),
    h("p", { class: "empty soft" }, "Reading the file"),
  );
  const began = Date.now();
  const ticking = setInterval(() => {
    const said = mine === turn && $("#data-import > .empty");
    if (said) said.textContent = `Reading the file, ${Math.round((Date.now() - began) / 1000)} s`;
    else clearInterval(ticking);
  }, 1000);
  try {
    const found = known ?? (await post(name, file ?? new Blob([text])));
    if (mine !== turn) return;
    token = found;
    if (!(await read(null))) throw null;
    notePlace();
    if (!document.activeElement?.closest?.("#data-import"))
      $("#data-import .btn.primary")?.focus({ preventScroll: true });
  } catch (error) {
    if (mine !== turn) return;
    if (error) showAlert({ message: `${name} was not imported.`, hint: error.message });
    document.dispatchEvent(new CustomEvent("data:left"));
  }
}

async function post(name, blob) {
  const [is, most] = [blob.size, MOST_BYTES].map((size) => (size / 1e6).toFixed(0));
  if (blob.size > MOST_BYTES)
    throw new Error(`${is} MB do not fit into ${most} MB. Split the file and add its parts one after another.`);
  const answer = await fetch(`library/table?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: blob,
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).token;
}

// The page as it is after a choice; false when it could not be read.
async function read(choose, view = "") {
  const mine = token;
  const { scrollTop } = $(".import-main") ?? { scrollTop: 0 };
  const reply = await call("data_read", {
    token,
    choose,
    view,
    variables: page.preview?.variables ?? [],
    values: page.form?.values ?? {},
    prompt: page.form?.prompt?.name ?? "",
    form: page.form,
  });
  if (mine !== token) return true;
  const ticked = $$("#data-import input[name^='fill:']:checked").map((box) => box.name);
  apply(reply);
  for (const name of ticked) {
    const box = $(`#data-import input[name="${CSS.escape(name)}"]`);
    if (box) box.checked = true;
  }
  if ($(".import-main")) $(".import-main").scrollTop = scrollTop;
  return !reply.alert;
}

onAct("data_read", ({ view }) => read(null, view));
onAct("data_halves", ({ view }) => read({ halves: view }));
onAct("data_keep_equal", () => read({ keep_equal: true }));
onAct("data_to_line", async ({ line }) => {
  if (!$(`#import-line-${line}`)) await read(null, "problems");
  const row = $(`#import-line-${line}`);
  if (!row) return;
  $$("#data-import tr.on").forEach((other) => other.classList.remove("on"));
  row.classList.add("on");
  row.scrollIntoView({ block: "center" });
});
onAct("data_edit_line", async ({ line }, el) => {
  const reply = await call("data_line", { token, line });
  if (reply.alert) return showAlert(reply.alert);
  const area = h("textarea", { class: "field mono", rows: 3, value: reply.sheet.text, "aria-label": `Line ${line}` });
  const again = () => read({ line: Number(line), value: area.value });
  const done = h("button", { class: "btn small", onclick: again }, "Read it so");
  el.closest("li").append(h("div", { class: "edit-line" }, area, done));
  area.focus();
});
onAct("data_store", async (args, el) => {
  el.disabled = true;
  el.textContent = el.textContent.replace("Store", "Storing");
  const title = $("#data-import input[name=title]")?.value ?? "";
  const reply = await call("data_store", {
    token: args.token,
    title,
    fields: fieldsOf($("#data-import")),
    values: page.form?.values ?? {},
  });
  apply(reply);
  if (reply.alert) {
    el.disabled = false;
    el.textContent = el.textContent.replace("Storing", "Store");
    return;
  }
  if (isTyped) forgetNew();
  token = "";
  document.dispatchEvent(new CustomEvent("data:stored", { detail: reply.sheet.stored }));
});

