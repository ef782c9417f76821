// Advice on the prompt: a small badge with the count, and under it the findings, each with the way to its turn.

import { $, h, icon } from "./dom.js";
import { changed, page } from "./store.js";
import { removed } from "./undo.js";

let open = false;

const turnName = (finding) => {
  const turns = finding.column === null ? page.form.prompt.turns : page.form.columns[finding.column]?.turns;
  const role = turns?.[finding.turn]?.role ?? "";
  return `${finding.column === null ? "" : `Column ${finding.column + 1}, `}${role} turn ${finding.turn + 1}`.replace(
    /^./,
    (c) => c.toUpperCase(),
  );
};

/**
 * The badge, or nothing when there is nothing to say; the findings stand in `list` when it is open.
 * @param {HTMLElement} list
 * @returns {HTMLElement | string}
 */
export function adviceBadge(list) {
  const found = page.preview?.lint ?? [];
  const count = (severity, word) => {
    const n = found.filter((f) => f.severity === severity).length;
    return n ? [`${n} ${word}${n === 1 ? "" : "s"}`] : [];
  };
  drawAdvice(list, found);
  if (!found.length) return "";
  const warns = found.some((f) => f.severity === "warn");
  return h(
    "button",
    {
      class: `badge advice-badge ${warns ? "ignored" : ""}`,
      id: "advice-badge",
      "aria-expanded": String(open),
      "aria-controls": "advice",
      onclick: (e) => {
        open = !open;
        e.currentTarget.setAttribute("aria-expanded", String(open));
        drawAdvice(list, found);
        if (open) list.scrollIntoView({ block: "nearest" });
      },
    },
    icon(warns ? "warn" : "hint"),
    [...count("warn", "warning"), ...count("hint", "hint")].join(", "),
  );
}

function drawAdvice(list, found) {
  list.hidden = !open || !found.length;
  const told = JSON.stringify(found);
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  list.replaceChildren(
    ...found.map((finding) =>
      h(
        "li",
        { "data-severity": finding.severity },
        icon(finding.severity === "warn" ? "warn" : "hint"),
        h(
          "div",
          {},
          h(
            "p",
            {},
            finding.turn === null
              ? ""
              : [h("button", { class: "link", onclick: () => goTo(finding) }, turnName(finding)), ": "],
            h("span", {}, finding.message),
          ),
          h("p", { class: "hint" }, `${finding.hint} ${finding.why}`),
        ),
        finding.rule === "unused_variable"
          ? h(
              "button",
              { class: "btn small", "aria-label": `Remove ${finding.name}`, onclick: () => remove(finding.name) },
              "Remove",
            )
          : "",
      ),
    ),
  );
}

function goTo({ column, turn, line }) {
  const root = column === null ? $(".editor .turns") : $(`#col${column} .own`);
  const area = $(`[data-turn="${turn}"] textarea`, root);
  if (!area) return;
  area.focus();
  const at = line
    ? area.value
        .split("\n")
        .slice(0, line - 1)
        .join("\n").length + (line > 1 ? 1 : 0)
    : 0;
  area.setSelectionRange(at, at);
  area.closest(".turn").scrollIntoView({ block: "nearest" });
}

function remove(name) {
  const { inputs } = page.form.prompt;
  inputs.splice(
    inputs.findIndex((input) => input.name === name),
    1,
  );
  $("#advice-badge")?.focus();
  changed("values");
  removed(`Variable ${name}`);
}
