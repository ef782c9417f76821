// Token probabilities: each token tells its alternatives when it is pressed, pointed at, or reached by the arrow keys.

import { $, $$ } from "./dom.js";

const TOKEN = ".view.heat pre [data-others]";

// One token of an answer is reached by Tab, the others from it.
function choose(token) {
  const view = token.closest(".view");
  for (const old of $$("[tabindex='0']", $("pre", view))) old.tabIndex = -1;
  $("[aria-current]", view)?.removeAttribute("aria-current");
  token.tabIndex = 0;
  token.setAttribute("aria-current", "true");
  const [name] = token.getAttribute("aria-label").split(/, (?=[^,]*$)/);
  $(".others", view).textContent = `${name}: ${token.dataset.others}`;
}

for (const kind of ["click", "focusin", "mouseover"])
  document.addEventListener(kind, (e) => {
    const token = e.target.closest?.(TOKEN);
    if (token) choose(token);
  });

document.addEventListener("keydown", (e) => {
  const token = e.target.closest?.(TOKEN);
  if (!token || e.ctrlKey || e.metaKey || e.altKey) return;
  const all = $$("[data-others]", token.parentElement),
    at = all.indexOf(token);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[e.key];
  if (to === undefined || !all[to]) return;
  e.preventDefault();
  all[to].focus();
});
