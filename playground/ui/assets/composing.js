// While an input method composes (Chinese, Japanese, Korean), its keys are its own: the Enter that takes a word runs
// and saves nothing, Escape closes nothing, arrows choose among its words. No other listener of the page hears them,
// and a search field, which empties itself at Escape, does not either: only what was being composed is dropped.

const COMPOSING = 229; // what browsers say whose input method ends before the key is told

for (const type of ["keydown", "keyup"])
  window.addEventListener(
    type,
    (e) => {
      if (!e.isComposing && e.keyCode !== COMPOSING) return;
      e.stopImmediatePropagation();
      if (e.isTrusted && e.key === "Escape") e.preventDefault();
    },
    true,
  );
