// Presses what can be pressed at one place, one thing after the other, and collects what it shows: texts, descriptions,
// placeholders, choices; and composes a word in every field it meets, of which nothing may hear. Called as
//   crawl({place, tab, action, args, most, isBold})
// after `action` was asked with `args`; then `isBold` presses what starts, keeps or deletes something, else all but
// that, until nothing new is there. It waits for states, not for times: what it sees is the same on a busy machine.
// Answers {found: {text: where}, opened: [what], names, heard: [what a composed key did]}.
async (asked) => {
  // What is somebody's, a model's or code.
  const KEPT = "[translate=no], .mono, .words, mark, del, ins, textarea, pre, code, kbd, samp, script, style, svg";
  const NEVER = /choose_files|theme|csv|unfold|link|copy|download|home|explain|^measure$|^start_bench$/;
  const BOLD =
    /delete|remove|forget|drop|pull|vllm|stop|restore|undo|unload|pause|^new_|favourite|pin|to_compare|^open_(run|pattern|history|library|data|models|experiments|prompt)$|vote|rate_case|label_answer|^run$|again|into_column|try_pattern|keep|^save$|store|run|experiment|start|try_|use_|switch|generate|duplicates|near|measure|discard|purge|resume/;
  const BOLD_WORDS = /删|移除|停止|丢弃|delete|remove|stop|restart|discard|重启|重新启动/i;
  const QUIET = 20, MOST = 75;
  const { send } = await import("/playground/actions.js");
  const { showTab } = await import("/playground/tabs.js");
  const { shown } = await import("/playground/language.js");
  const found = {}, opened = [], names = new Set(), heard = [];
  const kept = (window.crawled ??= { seen: new Set(), composed: new Set(), looked: new WeakMap(), fetch: window.fetch });
  const { seen, composed, looked } = kept;
  let asking = 0, clicks = 0;
  window.fetch = (...args) => {
    asking++;
    return kept.fetch.apply(window, args).finally(() => asking--);
  };
  window.addEventListener("click", () => clicks++, true);
  window.confirm = (text) => (note(shown(text), `${asked.place} asks`), true);
  const note = (text, where) => text.trim() && (found[text.trim()] ??= where);
  const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt", "label"];
  const DESCRIBED = KEPT.split(", ").slice(1).map((kind) => `${kind}:is([title], [aria-label], [placeholder], [alt])`).join();
  const FIELD = "input:is([type=text], :not([type])):not(.mono)";
  const isOurs = (choice) => !choice.value.includes(":");
  // Once from top to bottom: what is hidden or somebody's is not entered, what was seen before is not looked at again.
  function see(where) {
    const within = (el) => {
      if (el.matches(KEPT)) {
        // What holds code or a model's text is described by us.
        if (el.matches(DESCRIBED) && el.checkVisibility()) describe(el, where);
        return NodeFilter.FILTER_REJECT;
      }
      const isChoice = el.tagName === "OPTION" || el.tagName === "OPTGROUP";
      return isChoice || el.checkVisibility() || isBare(el) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT;
    };
    const accept = (node) => (node.nodeType === Node.ELEMENT_NODE ? within(node) : NodeFilter.FILTER_ACCEPT);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, accept);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        const { data, parentElement: el } = node;
        if (looked.get(node) === data) continue;
        looked.set(node, data);
        if (data.trim() && (el.tagName !== "OPTION" || isOurs(el))) note(data, where);
        continue;
      }
      describe(node, where);
      // What stands in a field of ours before anybody has typed: a name, a message.
      if (node.matches(FIELD) && node.value) note(node.value, `${where} @value`);
    }
    for (const el of document.querySelectorAll("[translate=no]")) names.add(el.textContent.trim());
  }
  function describe(el, where) {
    for (const name of ATTRIBUTES) if (el.hasAttribute(name)) note(el.getAttribute(name), `${where} @${name}`);
  }
  // It has no box of its own, but what it holds has.
  const isBare = (el) => getComputedStyle(el).display === "contents";
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
  const frame = () => new Promise((done) => setTimeout(done, QUIET));
  // Until nothing is asked of the server and nothing has changed since the look before.
  async function rest() {
    let changes = 1;
    const watch = new MutationObserver((records) => (changes += records.length));
    watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    for (let n = 0; n < MOST && (changes || asking); n++) {
      changes = 0;
      await frame();
    }
    watch.disconnect();
  }
  const top = () => document.querySelector(".drawer") ?? document.querySelector("[role=dialog], [role=menu], .pop");
  async function close() {
    for (let n = 0; n < 3 && top(); n++) {
      const key = { key: "Escape", bubbles: true, cancelable: true };
      (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", key));
      await rest();
      if (top()) document.querySelector(".scrim, .drawer header button")?.click();
    }
  }
  const kin = {};
  function next(root, where) {
    for (const el of root.querySelectorAll("button, [data-act]:not(a[download])")) {
      const act = el.dataset.act ?? "", words = `${el.ariaLabel ?? ""}|${el.textContent.trim().slice(0, 30)}`;
      if (el.tagName === "A" || el.disabled || el.closest("[role=tablist]") || el.dataset.language) continue;
      const isBold = BOLD.test(act) || BOLD_WORDS.test(words) || "starts" in el.dataset;
      if (NEVER.test(act) || (isBold && !asked.isBold) || !el.checkVisibility()) continue;
      // One of several alike is enough: column 1, case 2.
      const key = act ? `${act}|${el.tagName}` : words.replace(/\d+/g, "#"), kind = `${where}|${act || el.className}`;
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
    await rest();
    look(where);
    let isElsewhere = false;
    for (;;) {
      let one = next(root, where);
      if (!one && isElsewhere) {
        await go(); // what was pressed may have led away from what is still to be pressed
        isElsewhere = false;
        one = next(root, where);
      }
      if (!one) return;
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
      isElsewhere = depth === 0;
      if (isElsewhere && tabNow() !== home) await go();
      if (!root.isConnected) return;
    }
  }
  const tabNow = () => document.querySelector("[role=tab][aria-selected=true]")?.textContent;
  async function go() {
    if (asked.tab) showTab(asked.tab);
    await rest();
    if (asked.action) await send(asked.action, asked.args);
  }
  await go();
  const home = tabNow();
  await press(document.querySelector("#page"), asked.place, 0);
  await close();
  window.fetch = kept.fetch;
  return { found, opened, names: [...names], heard };
}
