// Images that go to every column with the last user turn: chosen or pasted, shown small, kept as base64 in the form.

import { say } from "./alerts.js";
import { h, icon, keepPlace } from "./dom.js";
import { changed, onChange, page } from "./store.js";
import { removed } from "./undo.js";

const MOST = 4;
const BYTES = 8 * 1024 * 1024;
// How each kind begins, in base64 too: a file's name and the browser's guess may be wrong.
const KINDS = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];
const ACCEPTED = KINDS.map(([, type]) => type);

let box,
  problem = "";

/**
 * Puts the images of the form into an element.
 * @param {HTMLElement} root
 */
export function mountImages(root) {
  box = root;
  onChange((what) => {
    if (what === "all") {
      problem = "";
      draw();
    }
  });
  document.addEventListener("draft", draw);
}

/**
 * The images among what is pasted or dropped.
 * @param {DataTransfer | null} data
 * @returns {File[]}
 */
export const imagesIn = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));

/**
 * Adds images to the form, or says why not.
 * @param {File[]} files
 * @returns {Promise<void>}
 */
export async function addImages(files) {
  problem = "";
  const images = (page.form.images ??= []);
  let added = 0;
  for (const file of files) {
    const name = file.name || "The image";
    if (images.length >= MOST) {
      problem = `${name} was left out: at most ${MOST} images go with a prompt.`;
      break;
    }
    if (file.size > BYTES) {
      problem = `${name} has ${size(file.size)}; an image may have ${size(BYTES)}. Make it smaller first.`;
      continue;
    }
    const data = await base64(file);
    if (data === null) problem = `${name} cannot be read.`;
    else if (!kindOf(data)) problem = `${name} is not a PNG, JPEG, WebP or GIF image.`;
    else if (page.form.images !== images)
      return; // another prompt came meanwhile
    else {
      images.push(data);
      added += 1;
    }
  }
  draw();
  if (added) {
    say(`${images.length} of ${MOST} images`);
    changed("images");
  }
}

const size = (bytes) => `${Math.ceil((bytes / 1024 / 1024) * 10) / 10} MB`;

function kindOf(data) {
  const [, type] = KINDS.find(([start]) => data.startsWith(start)) ?? [];
  // RIFF holds sound and film too.
  return type === "image/webp" && atob(data.slice(0, 16)).slice(8) !== "WEBP" ? null : (type ?? null);
}

/**
 * The bytes of a file in base64, null when it cannot be read.
 * @param {Blob} file
 * @returns {Promise<string | null>}
 */
export function base64(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => resolve(null);
    reader.readAsDataURL(file);
  });
}

function draw() {
  const images = page.form?.images ?? [];
  const file = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    accept: ACCEPTED.join(","),
    "aria-label": "Image files",
    onchange: () => addImages([...file.files]),
  });
  keepPlace(box, () =>
    box.replaceChildren(
      images.length
        ? h(
            "div",
            { class: "thumbs-row" },
            images.map((data, i) =>
              h(
                "span",
                { class: "thumb" },
                h("img", {
                  src: `data:${kindOf(data) ?? "image/png"};base64,${data}`,
                  alt: `Image ${i + 1}`,
                  width: 64,
                  height: 64,
                }),
                h(
                  "button",
                  {
                    class: "btn icon",
                    title: "Remove image",
                    "aria-label": `Remove image ${i + 1}`,
                    onclick: () => {
                      images.splice(i, 1);
                      problem = "";
                      draw();
                      changed("images");
                      removed(`Image ${i + 1}`);
                    },
                  },
                  icon("cross"),
                ),
              ),
            ),
          )
        : "",
      file,
      h(
        "button",
        {
          class: "btn quiet small",
          disabled: images.length >= MOST,
          title:
            images.length >= MOST
              ? `At most ${MOST} images`
              : "PNG, JPEG, WebP or GIF; a turn also takes a pasted image",
          onclick: () => file.click(),
        },
        icon("image"),
        "Add image",
      ),
      problem
        ? h("p", { class: "bad", role: "alert" }, problem)
        : images.length && page.draftLacksImages
          ? h("p", { class: "hint" }, "Too large to be kept when this page is reloaded.")
          : "",
    ),
  );
}
