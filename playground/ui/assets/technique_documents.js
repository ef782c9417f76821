// The documents that a column's technique looks things up in: dropped or chosen, listed, ticked, removed.
//
//   column.technique.documents = ["9f2a…"]   // null is every one that is kept

import { toast } from "./alerts.js";
import { h, icon } from "./dom.js";
import { call, changed, page } from "./store.js";

const TAKES = ".txt,.md,.csv,.tsv,.pdf,.docx";
const OF_THE_CASE = ["document", "documents"]; // variables whose texts go before what is kept

let known = [], // as the server listed them last
  problems = [], // what was refused since the panel opened
  fetching = 0,
  again = () => {};

/** Forgets what was refused: another panel is opened. */
export const forgetProblems = () => (problems = []);

/**
 * The documents of a column's technique: what is shown now, and asked for anew by `refresh`.
 * @param {number} i
 * @param {() => void} refresh draws the panel with what can run now
 * @returns {{part: HTMLElement, count: () => void}} `count` asks for the passages again
 */
export function documentsOf(i, refresh) {
  const list = h("div", { class: "doc-list" });
  const refused = h("div", { class: "bad", role: "alert" });
  const draw = () => {
    list.replaceChildren(...rows(page.form.columns[i].technique, draw, refresh));
    refused.replaceChildren(...problems.map((each) => h("p", {}, each)));
  };
  const count = async () => {
    const mine = ++fetching;
    const reply = await call("technique_documents", { column: i, form: page.form });
    if (mine !== fetching || !list.isConnected) return;
    if (reply.alert) problems = [`${reply.alert.message} ${reply.alert.hint}`];
    known = reply.documents ?? known;
    draw();
  };
  again = () => list.isConnected && refresh();
  const file = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    accept: TAKES,
    "aria-label": "Documents to keep",
    onchange: () => take([...file.files]),
  });
  const zone = h(
    "div",
    { class: "doc-zone", "data-takes": "documents", onfiles: (e) => take(e.detail) },
    h("button", { class: "btn small", onclick: () => file.click() }, icon("upload"), "Add documents"),
    h("span", { class: "hint" }, "or drop them here: .txt, .md, .csv, .pdf, .docx"),
    file,
  );
  const take = async (files) => {
    problems = [];
    zone.classList.add("busy");
    for (const each of files) {
      const said = await send(each);
      if (said) problems.push(said);
    }
    zone.classList.remove("busy");
    refresh();
  };
  draw();
  count();
  return { part: h("div", { class: "documents" }, h("h3", {}, "Documents"), zone, refused, list), count };
}

async function remove(hash) {
  const { alert, toast: said, toast_act: undo } = await call("remove_document", { hash });
  const back = async () => {
    const reply = await call("put_back_document", { token: undo.token });
    toast(reply.toast ?? `${reply.alert.message} ${reply.alert.hint}`);
    again();
  };
  problems = alert ? [`${alert.message} ${alert.hint}`] : [];
  if (!alert) toast(said, { label: undo.label, act: back });
  again();
}

// Keeps one file; what was wrong with it, or nothing.
async function send(file) {
  const { alert } = await call("document_size", { name: file.name, bytes: file.size });
  if (alert) return `${alert.message} ${alert.hint}`;
  try {
    const answer = await fetch(`library/document?${new URLSearchParams({ name: file.name })}`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: await file.arrayBuffer(),
    });
    return answer.ok ? "" : (await answer.text()).trim();
  } catch {
    return `${file.name} cannot be read. A folder is added file by file.`;
  }
}

function rows(technique, draw, refresh) {
  if (!technique) return [];
  const chosen = technique.documents ?? null;
  const of = OF_THE_CASE.find((name) => hasText(page.form.values[name]));
  const choose = (hash, on) => {
    const all = known.map((each) => each.hash);
    const now = all.filter((each) => (each === hash ? on : (chosen ?? all).includes(each)));
    technique.documents = now.length === all.length ? null : now;
    changed("columns");
    refresh();
  };
  const gone = (chosen ?? []).filter((hash) => !known.some((each) => each.hash === hash));
  const leave = () => {
    technique.documents = chosen.filter((hash) => !gone.includes(hash));
    changed("columns");
    refresh();
  };
  return [
    of ? h("p", { class: "hint" }, `The variable "${of}" has a text, which is looked into instead.`) : "",
    ...known.map((each) => row(each, chosen === null || chosen.includes(each.hash), choose)),
    gone.length && known.length
      ? h(
          "p",
          { class: "warn" },
          `${gone.length} chosen ${gone.length === 1 ? "document is" : "documents are"} not kept any more. `,
          h("button", { class: "btn quiet small", onclick: leave }, "Leave out"),
        )
      : "",
    h("p", { class: "hint" }, known.length ? words(chosen) : "None is kept yet."),
  ];
}

const words = (chosen) =>
  chosen ? `${chosen.length} of ${known.length} chosen.` : "All that are kept, and those that are added later.";

const hasText = (value) => [value].flat().some((each) => typeof each === "string" && each.trim() !== "");

function row({ hash, name, size, passages }, on, choose) {
  const change = (e) => choose(hash, e.target.checked);
  const tick = { type: "checkbox", checked: on, "data-document": hash, onchange: change };
  const press = { class: "btn quiet icon", "data-hash": hash, onclick: () => remove(hash) };
  return h(
    "div",
    { class: "doc-row" },
    h("label", {}, h("input", tick), h("span", { class: "one", title: name, translate: "no" }, name)),
    h("span", { class: "hint num" }, size),
    h("span", { class: "hint num" }, passages),
    h("button", { ...press, title: `Remove ${name}`, "aria-label": `Remove ${name}` }, icon("trash")),
  );
}
