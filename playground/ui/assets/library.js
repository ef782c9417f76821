// What the Library tab does in the browser: files and folders that come in are posted to be read.

import { send } from "./actions.js";
import { showAlert } from "./alerts.js";
import { h } from "./dom.js";
import { openDrawer } from "./drawer.js";

const MOST_FILES = 2000,
  MOST_BYTES = 32 * 1024 * 1024;

document.addEventListener("change", (e) => {
  if (e.target.id !== "lib-files") return;
  const files = [...e.target.files];
  take(async () => files.map((file) => [file.webkitRelativePath || file.name, file]));
  e.target.value = "";
});

/**
 * Every file below an entry as [path, File]; hidden ones stay behind.
 * @param {object} entry what was dropped: a file or a folder (FileSystemEntry)
 * @param {string} above
 * @returns {Promise<[string, File][]>}
 */
export async function walk(entry, above) {
  const path = above + entry.name;
  if (above && entry.name.startsWith(".")) return [];
  if (entry.isFile) return [[path, await new Promise((good, bad) => entry.file(good, bad))]];
  const reader = entry.createReader(),
    found = [];
  for (;;) {
    const some = await new Promise((good, bad) => reader.readEntries(good, bad)); // a hundred at a time
    if (!some.length) break;
    for (const child of some) found.push(...(await walk(child, `${path}/`)));
    if (found.length > MOST_FILES) break;
  }
  return found;
}

/**
 * Posts files to be read, and opens what they hold.
 * @param {() => Promise<[string, File][]>} list
 * @returns {Promise<void>}
 */
export async function take(list) {
  try {
    const files = await list();
    if (!files.length) throw new Error("There is no file in this.");
    if (files.length > MOST_FILES)
      throw new Error(
        `More than ${MOST_FILES.toLocaleString("en")} files. Drop fewer at once, or make a bundle of them.`,
      );
    const bytes = files.reduce((sum, [, file]) => sum + file.size, 0);
    if (bytes > MOST_BYTES)
      throw new Error(
        `${(bytes / 1048576).toFixed(0)} MiB do not fit into ${MOST_BYTES / 1048576} MiB. Drop fewer files at once.`,
      );
    openDrawer({ title: "Import", nodes: [h("p", {}, "Sending the files")], narrow: false });
    const sent = await Promise.all(files.map(async ([name, file]) => ({ name, data: await base64(file) })));
    const answer = await fetch("library/incoming", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ files: sent }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    await send("open_import", { token: (await answer.json()).token });
  } catch (error) {
    showAlert({ message: "These files were not imported.", hint: error.message });
  }
}

function base64(file) {
  return new Promise((good, bad) => {
    const reader = new FileReader();
    reader.onload = () => good(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => bad(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}

// One choice for all dropped prompts of a kind.
document.addEventListener("change", (e) => {
  if (!e.target.dataset?.forAll) return;
  for (const row of document.querySelectorAll(`#import-rows select[data-status="${e.target.dataset.forAll}"]`)) {
    if ([...row.options].some((option) => option.value === e.target.value)) row.value = e.target.value;
  }
});

// Shift on a checkbox: everything between the last one and this one.
let last = null;
document.addEventListener(
  "click",
  (e) => {
    if (!e.target.matches?.("#lib-list input[type=checkbox]")) return;
    const boxes = [...document.querySelectorAll("#lib-list input[type=checkbox]")];
    const [from, to] = [boxes.findIndex((box) => box.name === last), boxes.indexOf(e.target)].sort((a, b) => a - b);
    if (e.shiftKey && from >= 0)
      boxes.slice(from, to + 1).forEach((box) => {
        box.checked = e.target.checked;
      });
    last = e.target.name;
  },
  true,
);
