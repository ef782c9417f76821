// Presses what can be pressed on one tab, one thing after the other, and collects what it shows: texts, descriptions,
// placeholders, choices. Called as crawl({root, tab, seconds, most}); answers {found: {text: where}, opened: [what], names}.
async (asked) => {
  // What is somebody's, a model's or code.
  const KEPT = "[translate=no], .mono, .words, mark, del, ins, textarea, pre, code, kbd, samp, script, style, svg";
  const NOT_PRESSED =
    /delete|remove|forget|drop|choose_files|pull|vllm|theme|stop|csv|unfold|link|copy|restore|undo|unload|pause|^new_|favourite|pin|home|to_compare|^open_(run|pattern|history|library|data|models|experiments|prompt)$|vote|rate_case|^run$|again|into_column|try_pattern|keep|^save$|store|run|experiment|start|try_|use_|switch|generate|duplicates|near/;
  const found = {}, opened = [], names = new Set();
  const note = (text, where) => (found[text.trim()] ??= where);
  function see(where) {
    for (const el of document.querySelectorAll("[translate=no]")) names.add(el.textContent.trim());
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const el = node.parentElement;
      if (!node.data.trim() || el.closest(KEPT)) continue;
      const choice = el.closest("option");
      if (choice ? !choice.value.includes(":") && choice.closest("select")?.checkVisibility() : el.checkVisibility())
        note(node.data, where);
    }
    for (const el of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], optgroup[label]"))
      for (const name of ["title", "aria-label", "placeholder", "alt", "label"])
        if (el.getAttribute(name) && el.checkVisibility() && !el.closest("[translate=no]") && !el.parentElement.closest(KEPT))
          note(el.getAttribute(name), `${where} @${name}`);
  }
  const rest = (most = 700) =>
    new Promise((done) => {
      let timer = null;
      const end = () => (watch.disconnect(), clearTimeout(timer), clearTimeout(last), done());
      const again = () => (clearTimeout(timer), (timer = setTimeout(end, 60)));
      const watch = new MutationObserver(again);
      watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      const last = setTimeout(end, most);
      again();
    });
  const top = () => document.querySelector(".drawer") ?? document.querySelector("[role=dialog], [role=menu], .pop");
  async function close() {
    for (let n = 0; n < 3 && top(); n++) {
      const key = { key: "Escape", bubbles: true, cancelable: true };
      (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", key));
      await rest(200);
      if (top()) document.querySelector(".scrim, .drawer header button")?.click();
    }
  }
  const until = performance.now() + asked.seconds * 1000, seen = new Set(), kin = {};
  function next(root, where) {
    for (const el of root.querySelectorAll("button, [data-act]:not(a[download])")) {
      const act = el.dataset.act ?? "", words = `${el.ariaLabel ?? ""}|${el.textContent.trim().slice(0, 30)}`;
      if (el.tagName === "A" || el.disabled || el.closest("[role=tablist]") || el.dataset.language) continue;
      if (!el.checkVisibility() || NOT_PRESSED.test(act) || /删|移除|停止|delete|remove|stop|restart|重启/i.test(words)) continue;
      const key = act ? `${act}|${el.tagName}` : words, kind = `${where}|${act || el.className}`;
      if (seen.has(key) || (kin[kind] ?? 0) >= asked.most) continue;
      kin[kind] = (kin[kind] ?? 0) + 1;
      seen.add(key);
      return [el, `${act} ${words}`];
    }
    return null;
  }
  async function press(root, where, depth) {
    for (const each of root.querySelectorAll("details:not([open])")) each.open = true;
    await rest(300);
    see(where);
    for (let one = next(root, where); one && performance.now() < until; one = next(root, where)) {
      const before = top(), name = `${where} > ${one[1]}`;
      opened.push(name);
      one[0].click();
      await rest();
      see(name);
      const now = top();
      if (now && now !== before && depth < 2) {
        await press(now, name, depth + 1);
        if (depth === 0) await close();
      }
      if (!root.isConnected) return;
    }
  }
  await press(document.querySelector(asked.root), asked.tab, 0);
  await close();
  return { found, opened, names: [...names], isLate: performance.now() >= until };
}
