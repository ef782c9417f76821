// Presses what can be pressed at one place, one thing after the other, and collects what it shows: texts, descriptions,
// placeholders, choices; and composes a word in every field it meets, of which nothing may hear. Called as
//   crawl({place, tab, action, args, seconds, most, isBold})
// after `action` was asked with `args`; then `isBold` presses what starts, keeps or deletes something, else all but
// that. Answers {found: {text: where}, opened: [what], names, heard: [what a composed key did]}.
async (asked) => {
  // What is somebody's, a model's or code.
  const KEPT = "[translate=no], .mono, .words, mark, del, ins, textarea, pre, code, kbd, samp, script, style, svg";
  const NEVER = /choose_files|theme|csv|unfold|link|copy|download|home|explain|^measure$|^start_bench$/;
  const BOLD =
    /delete|remove|forget|drop|pull|vllm|stop|restore|undo|unload|pause|^new_|favourite|pin|to_compare|^open_(run|pattern|history|library|data|models|experiments|prompt)$|vote|rate_case|label_answer|^run$|again|into_column|try_pattern|keep|^save$|store|run|experiment|start|try_|use_|switch|generate|duplicates|near|measure|discard|purge|resume/;
  const BOLD_WORDS = /删|移除|停止|丢弃|delete|remove|stop|restart|discard|重启|重新启动/i;
  const { send } = await import("/playground/actions.js");
  const { showTab } = await import("/playground/tabs.js");
  const { shown } = await import("/playground/language.js");
  const found = {}, opened = [], names = new Set(), heard = [];
  const kept = (window.crawled ??= { seen: new Set(), composed: new Set(), fetch: window.fetch });
  const { seen, composed } = kept;
  let asking = 0, clicks = 0;
  window.fetch = (...args) => {
    asking++;
    return kept.fetch.apply(window, args).finally(() => asking--);
  };
  window.addEventListener("click", () => clicks++, true);
  window.confirm = (text) => (note(shown(text), `${asked.place} asks`), true);
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
    // What stands in a field of ours before anybody has typed: a name, a message.
    for (const el of document.querySelectorAll("input:is([type=text], :not([type])):not(.mono)"))
      if (el.value && el.checkVisibility() && !el.closest("[translate=no]")) note(el.value, `${where} @value`);
  }
  // Keys that are an input method's: the Enter that takes a word, the Escape that drops it, and what else it reads.
  const FIELDS = "textarea, [contenteditable=true], input:not([type=checkbox], [type=radio], [type=file], [type=range])";
  const COMPOSED = [{}, { ctrlKey: true }].map((more) => ({ key: "Enter", keyCode: 13, ...more })).concat(
    [{ key: "Escape" }, { key: "s", ctrlKey: true }, { key: "z", ctrlKey: true }, { key: "ArrowDown" }, { key: " " }, { key: "1" }],
  );
  function compose(where) {
    const fields = [...document.querySelectorAll(FIELDS)].filter((el) => el.checkVisibility() && !el.disabled);
    for (const el of fields) {
      const key = el.id || `${el.name}|${el.className}|${el.closest("[data-form]")?.className}`;
      if (composed.has(key)) continue;
      composed.add(key);
      const before = [top(), el.value, clicks];
      for (const init of COMPOSED) {
        const event = { bubbles: true, cancelable: true, isComposing: true, ...init };
        if (!el.dispatchEvent(new KeyboardEvent("keydown", event))) heard.push(`${where}: ${key} took ${init.key}`);
        el.dispatchEvent(new KeyboardEvent("keyup", event));
      }
      const after = [top(), el.value, clicks];
      if (!el.isConnected || before.some((each, n) => each !== after[n])) heard.push(`${where}: ${key} did something`);
    }
  }
  const rest = (most = 1500) =>
    new Promise((done) => {
      let timer = null;
      const end = () => (watch.disconnect(), clearTimeout(timer), clearTimeout(last), done());
      const again = () => (clearTimeout(timer), (timer = setTimeout(() => (asking ? again() : end()), 40)));
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
  const until = performance.now() + asked.seconds * 1000, kin = {};
  function next(root, where) {
    for (const el of root.querySelectorAll("button, [data-act]:not(a[download])")) {
      const act = el.dataset.act ?? "", words = `${el.ariaLabel ?? ""}|${el.textContent.trim().slice(0, 30)}`;
      if (el.tagName === "A" || el.disabled || el.closest("[role=tablist]") || el.dataset.language) continue;
      const isBold = BOLD.test(act) || BOLD_WORDS.test(words) || "starts" in el.dataset;
      if (NEVER.test(act) || (isBold && !asked.isBold) || !el.checkVisibility()) continue;
      const key = act ? `${act}|${el.tagName}` : words, kind = `${where}|${act || el.className}`;
      if (seen.has(key) || (kin[kind] ?? 0) >= asked.most) continue;
      kin[kind] = (kin[kind] ?? 0) + 1;
      seen.add(key);
      return [el, `${act} ${words}`];
    }
    return null;
  }
  function look(where) {
    see(where);
    compose(where);
  }
  async function press(root, where, depth) {
    for (const each of root.querySelectorAll("details:not([open])")) each.open = true;
    await rest(300);
    look(where);
    for (let one = next(root, where); one && performance.now() < until; one = next(root, where)) {
      const before = top(), name = `${where} > ${one[1]}`;
      opened.push(name);
      one[0].click();
      await rest();
      look(name);
      const now = top();
      if (now && now !== before && depth < 2) {
        await press(now, name, depth + 1);
        if (depth === 0) await close();
      }
      if (depth === 0 && asked.isBold) await go(); // wherever that led
      if (!root.isConnected) return;
    }
  }
  async function go() {
    if (asked.tab) showTab(asked.tab);
    await new Promise((done) => setTimeout(done, 20)); // the tab asks for what it shows
    await rest();
    if (asked.action) await send(asked.action, asked.args);
  }
  await go();
  await press(document.querySelector("#page"), asked.place, 0);
  await close();
  window.fetch = kept.fetch;
  return { found, opened, names: [...names], heard, isLate: performance.now() >= until };
}
