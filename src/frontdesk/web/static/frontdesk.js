// What makes the pages quicker to use. Every form, table and link works without it.
// Loaded in the head and not deferred: theme and density hold before anything is painted.
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // A form's own `method`, `elements` and the like are hidden by controls of that name, and controls are named as columns.
  const controls = (form) => all("button, input, select, textarea").filter((one) => one.form === form);
  const submit = (form) => HTMLFormElement.prototype.requestSubmit.call(form);

  // Storage may be refused (private windows, policies); the choice then lasts for the page.
  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const store = (name, value) => {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch { /* see above */ }
  };
  const mark = (name, value) => {
    if (value) root.setAttribute(name, value);
    else root.removeAttribute(name);
  };

  // Theme and density

  const dress = () => {
    mark("data-theme", ["light", "dark"].find((theme) => theme === stored("theme")));
    mark("data-density", stored("density") === "comfortable" && "comfortable");
  };
  dress();
  addEventListener("storage", dress);

  function toggleTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const wanted = (root.getAttribute("data-theme") || system) === "dark" ? "light" : "dark";
    // Back at the system's own theme, the page follows the system again.
    const own = wanted === system ? null : wanted;
    store("theme", own);
    mark("data-theme", own);
  }

  function toggleDensity() {
    const wanted = root.hasAttribute("data-density") ? null : "comfortable";
    store("density", wanted);
    mark("data-density", wanted);
  }

  // Times: the server writes UTC, a reader thinks in local time

  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (number) => String(number).padStart(2, "0");

  function localTime(text) {
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) return null;
    const now = new Date();
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
    if (time.toDateString() === now.toDateString()) return `${clock}:${two(time.getSeconds())}`;
    const day = `${time.getDate()} ${MONTHS[time.getMonth()]}`;
    return time.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${day} ${time.getFullYear()} ${clock}`;
  }

  function showTimes(within) {
    for (const element of all("time[datetime]", within)) {
      const shown = localTime(element.dateTime);
      if (shown === null) continue;
      // Log records follow each other within a second.
      const fraction = element.closest("td.time") ? element.dateTime.match(/\.\d{3}/) : null;
      element.textContent = shown + (fraction && /:\d\d:/.test(shown) ? fraction[0] : "");
      element.title = element.dateTime;
    }
  }

  // Fragments: HTML of the same server, which scripts cannot come with (they stay inert in a template)

  const RETRY = 5000;

  async function fragment(url) {
    const response = await fetch(url, { headers: { "X-Fragment": "1" } });
    if (response.headers.has("X-Reload")) { location.reload(); return null; }
    // Signed out, or no longer allowed: asking again would not help.
    if (response.redirected || [401, 403, 404].includes(response.status)) return null;
    if (!response.ok) throw new Error(response.statusText);
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    showTimes(template.content);
    return template.content;
  }

  // Calls `step` again and again; it answers the milliseconds to wait, or nothing at the end. A hidden page rests.
  function again(step, milliseconds) {
    setTimeout(async () => {
      let wait = 500;
      if (!document.hidden) {
        try { wait = await step(); } catch { wait = RETRY; }
      }
      if (wait) again(step, wait);
    }, milliseconds);
  }

  const selecting = (element) => {
    const selection = getSelection();
    return selection.type === "Range" && selection.containsNode(element, true);
  };

  // The live tail: new records on top, but never under the eyes of somebody who reads

  const KEPT = 1000;
  const TAIL = 1000;

  function tail(list) {
    const scroller = list.closest(".grid-scroll") || root;
    const toggle = document.querySelector("[data-tail-toggle]");
    const more = document.querySelector("[data-tail-more]") || moreButton(toggle);
    let newest = Number(list.dataset.newest || list.dataset.after || 0);
    let waiting = [];

    const reading = () => scroller.scrollTop > 40 || scrollY > 40 || selecting(list) || list.querySelector("details[open]");
    const live = () => !toggle || toggle.getAttribute("aria-pressed") === "true";

    function insert() {
      for (const row of waiting) list.prepend(row);
      while (list.children.length > KEPT) list.lastElementChild.remove();
      waiting = [];
      more.hidden = true;
    }

    async function step() {
      const url = new URL(list.dataset.tailUrl, location.href);
      url.searchParams.set("_after", newest);
      const found = await fragment(url);
      if (!found) return 0;
      const rows = all("[data-id]", found).sort((a, b) => a.dataset.id - b.dataset.id);
      const fresh = rows.filter((row) => Number(row.dataset.id) > newest);
      if (fresh.length) newest = Number(fresh.at(-1).dataset.id);
      waiting = waiting.concat(fresh).slice(-KEPT);
      if (live() && !reading()) insert();
      else if (waiting.length) announce();
      return TAIL;
    }

    function announce() {
      const many = waiting.length === KEPT ? "1,000 or more" : waiting.length;
      more.textContent = `${many} new ${waiting.length === 1 ? "record" : "records"}`;
      more.hidden = false;
    }

    more.addEventListener("click", () => {
      insert();
      scroller.scrollTop = 0;
      scrollTo(0, 0);
    });
    toggle?.addEventListener("click", () => toggle.setAttribute("aria-pressed", String(!live())));
    list.setAttribute("aria-live", "off");
    again(step, TAIL);
  }

  function moreButton(toggle) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button primary";
    button.hidden = true;
    toggle?.before(button);
    return button;
  }

  // Parts that renew themselves, such as a run that goes on

  function refresh(element) {
    const { id } = element;
    const pace = (part) => Number(part.dataset.refreshMs) || 1000;
    again(async () => {
      const old = document.getElementById(id);
      if (!old?.dataset.refreshUrl) return 0;
      if (selecting(old)) return pace(old);
      const found = await fragment(old.dataset.refreshUrl);
      const renewed = found?.getElementById(id);
      if (!renewed) return 0;
      swap(old, renewed);
      return renewed.dataset.refreshUrl ? pace(renewed) : 0;
    }, pace(element));
  }

  // The focus stays where it was: on the third button, say.
  function swap(old, renewed) {
    const places = "a[href], button, input, select, textarea, summary";
    const place = all(places, old).indexOf(document.activeElement);
    old.replaceWith(renewed);
    if (place >= 0) all(places, renewed)[place]?.focus({ preventScroll: true });
  }

  // Rows that open

  const WORKING = "a, button, input, select, textarea, label, summary, details";

  function openRow(row, apart) {
    if (apart) open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  }

  function clickRow(event) {
    const row = event.target.closest("tr[data-href]");
    // Where cells are edited a click chooses one; the key leads to the row.
    if (!row || row.closest("[role=grid]") || event.target.closest(WORKING) || getSelection().type === "Range") return;
    openRow(row, event.ctrlKey || event.metaKey);
  }

  const selectedRow = () => document.querySelector("tr[data-href].selected");

  function moveSelection(step) {
    const rows = all("tr[data-href]");
    if (!rows.length) return;
    const before = selectedRow();
    const place = before ? rows.indexOf(before) + step : step > 0 ? 0 : rows.length - 1;
    const row = rows[Math.max(0, Math.min(place, rows.length - 1))];
    before?.classList.remove("selected");
    before?.removeAttribute("aria-current");
    row.classList.add("selected");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  // Dialogs and menus

  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    closeMenus();
    document.querySelector("[popover]:popover-open")?.hidePopover();
    if (id === "jump") showPlaces(dialog, "");
    dialog.showModal();
  }

  function closeMenus(except) {
    for (const menu of all("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
  }

  function escapeMenu() {
    const menu = document.activeElement.closest("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
  }

  // Jump: everything that the navigation links to

  const MOST = 40;

  function places() {
    let [section, group] = ["", ""];
    return all("#navigation a.section, #navigation a.group, #navigation a.entry").map((link) => {
      const name = link.title || link.firstChild.textContent.trim();
      if (link.matches(".section")) [section, group] = [name, ""];
      if (link.matches(".group")) group = name;
      const above = link.matches(".section") ? [] : link.matches(".group") ? [section] : [section, group];
      return { name, url: link.href, section: above.filter(Boolean).join(" · ") };
    });
  }

  function showPlaces(dialog, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = places().filter((place) => {
      const searched = `${place.name} ${place.section}`.toLowerCase();
      return words.every((word) => searched.includes(word));
    });
    // What begins with the text comes before what only holds it.
    const begins = (place) => !words.length || place.name.toLowerCase().startsWith(words[0]);
    const shown = [...fitting.filter(begins), ...fitting.filter((place) => !begins(place))].slice(0, MOST);
    dialog.querySelector("input").value = text;
    dialog.querySelector("ul").replaceChildren(...(shown.length ? shown.map(placeItem) : [nothing()]));
  }

  function nothing() {
    const item = document.createElement("li");
    item.className = "muted";
    item.textContent = "No table, function or page has these words in its name.";
    return item;
  }

  function placeItem(place, index) {
    const link = document.createElement("a");
    const kind = document.createElement("span");
    link.href = place.url;
    link.classList.toggle("selected", index === 0);
    kind.className = "muted";
    kind.textContent = place.section;
    link.append(place.name, kind);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }

  function jumpKey(event) {
    const dialog = event.target.closest("#jump");
    const links = all("li a", dialog);
    const input = dialog.querySelector("input");
    const place = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown") (links[place + 1] || input).focus();
    else if (event.key === "ArrowUp") (place < 0 ? links.at(-1) : links[place - 1] || input)?.focus();
    else if (event.key === "Enter" && place < 0) { if (links.length) location.assign(links[0].href); }
    // By itself Escape would only empty the search.
    else if (event.key === "Escape") dialog.close();
    else return;
    event.preventDefault();
  }

  // Keys

  const typing = (element) => element.isContentEditable || element.closest("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

  function press(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const within = event.target instanceof Element ? event.target : document.body;
    if (within.closest("#jump")) { jumpKey(event); return; }
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") { escapeMenu(); return; }
    if (document.querySelector("dialog[open]") || event.altKey) return;
    const act = command ? commandOf(event.key, within) : typing(within) ? null : actionOf(event.key, within);
    if (!act) return;
    event.preventDefault();
    act();
  }

  function commandOf(key, within) {
    if (key.toLowerCase() === "k") return document.getElementById("jump") && (() => openDialog("jump"));
    const save = "form[data-save], form[data-run]";
    const form = key === "Enter" && (within.closest(save) || document.querySelector(save));
    return form && (() => submit(form));
  }

  function actionOf(key, within) {
    const row = selectedRow();
    const fresh = document.querySelector("a[data-new]");
    const search = document.querySelector("[data-search]");
    switch (key) {
      case "/": return search && (() => { search.focus(); search.select?.(); });
      case "?": return () => openDialog("keys");
      case "j": case "J": return () => moveSelection(1);
      case "k": case "K": return () => moveSelection(-1);
      case "e": case "E": return row && (() => openRow(row));
      case "n": case "N": return fresh && (() => fresh.click());
      // A link or button with the focus keeps its own Enter.
      case "Enter": return row && !within.closest(WORKING) && (() => openRow(row));
      default: return null;
    }
  }

  // NULL: a tick beside a text, since NULL and the empty text are two things

  const NULL = 'input[type="checkbox"][name$="__null"]';
  const sibling = (one, name) => controls(one.form).find((other) => other.name === name);
  const textOf = (box) => sibling(box, box.name.slice(0, -"__null".length));

  function tickNull(box) {
    const field = textOf(box);
    if (!field) return;
    // What was typed comes back when the tick is taken away.
    if (box.checked) [box.dataset.typed, field.value] = [field.value, ""];
    else field.value = box.dataset.typed || "";
    field.classList.toggle("dimmed", box.checked);
  }

  function typed(event) {
    const field = event.target;
    if (field.closest("#jump")) { showPlaces(field.closest("#jump"), field.value); return; }
    const box = field.name && field.form && sibling(field, `${field.name}__null`);
    if (!box?.checked) return;
    box.checked = false;
    field.classList.remove("dimmed");
  }

  function showNulls(within) {
    for (const box of all(NULL, within)) textOf(box)?.classList.toggle("dimmed", box.checked);
  }

  // Sent once: the buttons rest until another page, or this one again, is shown

  const sent = new Map();

  function send(event) {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (sent.has(form)) { event.preventDefault(); return; }
    const buttons = controls(form).filter((one) => one.matches("button:enabled:not([type=button])"));
    sent.set(form, buttons);
    // Later, since a disabled button's own name and value would not be sent.
    setTimeout(() => { for (const button of buttons) button.disabled = true; });
  }

  function wake() {
    for (const button of [...sent.values()].flat()) button.disabled = false;
    sent.clear();
  }

  // A query that goes on can be stopped; its answer comes as the next page all the same

  function offerStop(form) {
    const button = form.querySelector("[data-stop-button]");
    setTimeout(() => { button.hidden = false; }, 400);
    button.onclick = () => { button.disabled = true; fetch(form.dataset.stop, { method: "POST" }); };
    countTime(form);
  }

  // One that goes on says for how long, and soon by which plan
  function countTime(form) {
    const shown = form.querySelector("[data-elapsed]");
    if (!shown) return;
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    const clock = setInterval(() => { shown.hidden = seconds() < 0.5; shown.textContent = `${seconds().toFixed(1)} s`; }, 100);
    const asked = setTimeout(() => tellPlan(form), 1000);
    addEventListener("pagehide", () => { clearInterval(clock); clearTimeout(asked); shown.hidden = true; }, { once: true });
  }

  async function tellPlan(form) {
    if (!form.dataset.plan) return;
    const given = controls(form).filter((one) => one.name.startsWith("p."));
    const number = (text) => /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : text;
    const parameters = Object.fromEntries(given.map((one) => [one.name.slice(2), number(one.value)]));
    const sql = controls(form).find((one) => one.name === "sql")?.value;
    const answer = await fetch(form.dataset.plan, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sql, parameters }),
    }).catch(() => null);
    if (!answer?.ok) return;
    const { sentences } = await answer.json();
    const list = document.createElement("ul");
    list.className = "why";
    list.append(...sentences.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    form.querySelector(".why")?.remove();
    if (sentences.length) form.querySelector(".card-body").append(list);
  }

  // Listeners stand at the document, so that they hold for what is inserted later too

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const button = event.target.closest("[data-dialog], [data-theme-toggle], [data-density-toggle]");
    if (button?.matches("[data-theme-toggle]")) toggleTheme();
    else if (button?.matches("[data-density-toggle]")) toggleDensity();
    else if (button) openDialog(button.dataset.dialog);
    // A dialog's own box is inside its padding; only the backdrop is the dialog itself, outside its rectangle.
    else if (event.target.matches("dialog") && outside(event)) event.target.close();
    else clickRow(event);
  });

  function outside(event) {
    const box = event.target.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  }

  document.addEventListener("keydown", press);
  document.addEventListener("input", typed);
  document.addEventListener("change", (event) => { if (event.target.matches(NULL)) tickNull(event.target); });
  document.addEventListener("submit", send);
  document.addEventListener("submit", (event) => { if (event.target.matches("form[data-stop]")) offerStop(event.target); });

  // A file may be dropped anywhere on a page that asks for one, and a picture pasted; it is seen before it is sent
  const PICTURE = /^image\/(png|jpeg|webp)$/;
  const sizeOf = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

  function give(field, files) {
    const chosen = new DataTransfer();
    for (const file of field.multiple ? files : [...files].slice(0, 1)) chosen.items.add(file);
    field.files = chosen.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // What a server would refuse is said before it is sent.
  function refusal(file, chooser) {
    const most = Number(chooser.dataset.most);
    if (file.size > most) return `${file.name} is too large: at most ${most / 1e6} MB are taken.`;
    if (!file.size) return `${file.name} is empty: it has no bytes in it.`;
    if (chooser.dataset.chooser === "image" && !PICTURE.test(file.type)) return `${file.name} is no PNG, JPEG or WebP.`;
    return "";
  }

  function showChosen(field) {
    const chooser = field.closest("[data-chooser]");
    if (!chooser) return;
    const files = [...field.files];
    const sentence = files.map((file) => refusal(file, chooser)).find(Boolean) || "";
    field.setCustomValidity(sentence);
    field.closest(".field").classList.toggle("wrong", Boolean(sentence));
    const box = chooser.querySelector("[data-chosen]");
    for (const image of all("img", box)) if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
    const shown = document.createElement("p");
    shown.className = sentence ? "error" : "";
    shown.textContent = sentence || files.map((file) => `${file.name} · ${sizeOf(file.size)}`).join(", ");
    if (sentence) shown.setAttribute("role", "alert");
    box.replaceChildren(...(sentence ? [] : files.filter((file) => PICTURE.test(file.type)).map(pictureOf)), shown);
    box.hidden = !files.length;
  }

  function pictureOf(file) {
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.alt = `Preview of ${file.name}`;
    return image;
  }

  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      const under = event.target instanceof Element && event.target.closest(".field")?.querySelector("[data-drop]");
      const field = under || document.querySelector("[data-drop]");
      if (!field || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      for (const one of all("[data-drop]")) one.classList.toggle("over", one === field && kind === "dragover");
      if (kind === "drop") give(field, event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => {
    const field = document.querySelector('[data-chooser="image"] [data-drop]');
    const pictures = [...(event.clipboardData?.files || [])].filter((file) => file.type.startsWith("image/"));
    if (!field || !pictures.length) return;
    event.preventDefault();
    give(field, pictures);
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-chooser] [data-drop]")) showChosen(event.target); });
  document.addEventListener("dragleave", () => document.querySelector("[data-drop]")?.classList.remove("over"));
  addEventListener("pageshow", wake);

  const enliven = (within) => {
    showTimes(within);
    showNulls(within);
    for (const list of all("[data-tail-url]", within)) tail(list);
    for (const element of all("[data-refresh-url]", within)) refresh(element);
  };
  document.addEventListener("DOMContentLoaded", () => enliven(document));
  document.addEventListener("htmx:afterSwap", (event) => enliven(event.target));
})();
