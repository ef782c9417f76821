// A file dropped anywhere is taken: an image goes to the prompt, a table becomes cases, prompt files are imported.
// A panel that takes files has them for itself.

import { takeCases } from "./cases.js";
import { $ } from "./dom.js";
import { addImages } from "./images.js";
import { take, walk } from "./library.js";
import { call } from "./store.js";
import { showTab } from "./tabs.js";

const TABLE = /\.(csv|tsv|xlsx|xlsm|parquet|pq)$/i;
const EITHER = /\.(jsonl|json|ya?ml)$/i;
const LARGE = 2_000_000; // cases are no larger; what is, holds prompts

const hasFiles = (e) => e.dataTransfer?.types.includes("Files");
const takesText = (target) => target.closest?.("input, textarea, [contenteditable=true]");
const mark = (on) => {
  document.body.classList.toggle("dropping", on);
  $("#lib")?.classList.toggle("dropping", on && Boolean($("#lib").offsetParent));
};

addEventListener("dragover", (e) => {
  if (hasFiles(e)) {
    e.preventDefault();
    mark(true);
  } else if (!takesText(e.target)) {
    // A link dropped on the page would open in its place.
    e.preventDefault();
    e.dataTransfer.dropEffect = "none";
  }
});
addEventListener("dragleave", (e) => {
  if (!e.relatedTarget) mark(false);
});
addEventListener("drop", async (e) => {
  mark(false);
  if (!hasFiles(e)) {
    if (!takesText(e.target)) e.preventDefault();
    return;
  }
  e.preventDefault();
  const zone = $("[data-takes]", e.target.closest?.(".pop") ?? document.createElement("p"));
  if (zone) {
    zone.dispatchEvent(new CustomEvent("files", { detail: [...e.dataTransfer.files] }));
    return;
  }
  const entries = [...e.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const loose = [...e.dataTransfer.files];
  await sortOut(entries, loose);
});

const MARKED = /\.(csv|tsv|txt|json|jsonl|ndjson|xlsx|parquet)$/i; // what the Data tab reads

async function sortOut(entries, loose) {
  const table = $("#data")?.offsetParent && loose.find((file) => MARKED.test(file.name));
  if (table) {
    document.dispatchEvent(new CustomEvent("data:import", { detail: { name: table.name, file: table } }));
    return;
  }
  const folders = entries.filter((entry) => entry.isDirectory);
  const kinds = await Promise.all(loose.map(async (file, i) => (entries[i]?.isDirectory ? "folder" : kindOf(file))));
  const of = (kind) => loose.filter((_, i) => kinds[i] === kind);
  const images = of("image"),
    cases = of("cases"),
    prompts = of("prompts");
  if (images.length || cases.length) showTab("Compare");
  if (images.length) await addImages(images);
  for (const file of cases) await takeCases(file);
  if (!prompts.length && !folders.length) return;
  await take(async () => [
    ...prompts.map((file) => [file.name, file]),
    ...(await Promise.all(folders.map((folder) => walk(folder, "")))).flat(),
  ]);
}

async function kindOf(file) {
  if (file.type.startsWith("image/")) return "image";
  if (TABLE.test(file.name)) return "cases";
  if (!EITHER.test(file.name) || file.size > LARGE) return "prompts";
  try {
    const reply = await call("kind_of_file", { name: file.name, text: await file.text() });
    return reply.kind ?? "prompts";
  } catch {
    return "prompts"; // its import says what is wrong with it
  }
}
