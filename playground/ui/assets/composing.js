// While an input method composes (Chinese, Japanese, Korean), its keys are its own: the Enter that takes a word runs
// and saves nothing, Escape closes nothing, arrows choose among its words. No other listener of the page hears them.

const COMPOSING = 229; // what browsers say whose input method ends before the key is told

for (const type of ["keydown", "keyup"])
  window.addEventListener(
    type,
    (e) => {
      if (e.isComposing || e.keyCode === COMPOSING) e.stopImmediatePropagation();
    },
    true,
  );
