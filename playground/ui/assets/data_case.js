// The case on screen in Compare, taken along as a row of a data set.

import { showAlert } from "./alerts.js";
import { $, h, icon } from "./dom.js";
import { closePop, openPop } from "./pop.js";
import { call, page } from "./store.js";
import { apply } from "./updates.js";

const LAST = "playground.data.last";

function last() {
  try {
    return JSON.parse(localStorage.getItem(LAST));
  } catch {
    return null;
  }
}

/**
 * Takes the case on screen along.
 * @param {string} dataset the id of the data set; "" makes a new one
 */
export async function keepCase(dataset) {
  const variables = [...(page.preview?.variables ?? []), ...(page.preview?.asked_by_checks ?? [])];
  const reply = await call("data_keep_case", { form: page.form, dataset, variables });
  apply(reply);
  const found = reply.sheet?.kept;
  if (!found) return;
  try {
    localStorage.setItem(LAST, JSON.stringify(found));
  } catch {
    /* forbidden */
  }
  $(".rows-of")?.replaceChildren(...buttons());
}

async function choose(anchor) {
  const reply = await call("data_targets");
  if (reply.alert) return showAlert(reply.alert);
  const row = (label, hint, id) =>
    h(
      "button",
      {
        class: "btn quiet target",
        onclick: () => {
          closePop();
          keepCase(id);
        },
      },
      h("span", { class: "grow" }, label),
      h("span", { class: "hint num" }, hint),
    );
  openPop(anchor, "The case on screen becomes a row of", [
    h(
      "div",
      { class: "targets" },
      reply.sheet.sets.map((each) => row(each.name, `${each.rows.toLocaleString("en")} rows`, each.id)),
      row("A new data set", "", ""),
    ),
  ]);
}

/**
 * The button that takes the case on screen along: one click for the data set that took the last one.
 * @returns {HTMLElement}
 */
export const rowButtons = () => h("span", { class: "rows-of" }, buttons());

function buttons() {
  const known = last();
  const other = h(
    "button",
    {
      class: "btn quiet small row-of",
      title: "Take the values on screen along as a row of a data set",
      "aria-haspopup": "dialog",
      "data-pop": "",
      onclick: (e) => choose(e.currentTarget),
    },
    known ? "Another data set" : [icon("plus"), "Row of a data set"],
  );
  if (!known) return [other];
  const short = known.name.length > 24 ? `${known.name.slice(0, 23)}…` : known.name;
  return [
    h(
      "button",
      {
        class: "btn quiet small row-of",
        title: `Take the values on screen along as a row of “${known.name}”`,
        onclick: () => keepCase(known.id),
      },
      icon("plus"),
      `Row of “${short}”`,
    ),
    other,
  ];
}
