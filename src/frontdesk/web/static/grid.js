// Cells edited where they stand, blocks pasted from a spreadsheet, rows ticked. All of it is there as forms too.
(() => {
  "use strict";
  const table = document.querySelector("table[data-edit]");
  if (!table) return;
  const rowsUrl = table.dataset.edit;
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const etags = new WeakMap();
  const done = [];
  let editor = null;

  const make = (tag, className = "", text = "") => {
    const one = document.createElement(tag);
    if (className) one.className = className;
    one.textContent = text;
    return one;
  };
  const say = make("p", "visually-hidden");
  say.setAttribute("role", "status");
  table.closest(".card").append(say);

  // What a column is stands at its head
  const headOf = (cell) => heads[cell.cellIndex];
  const nameOf = (cell) => headOf(cell).dataset.name;
  const isEditable = (cell) => nameOf(cell) !== undefined && !("fixed" in headOf(cell).dataset);
  const isKey = (head) => "key" in head.dataset;
  const addressOf = (row) => `${rowsUrl}/${row.dataset.href.split("/").pop()}`;
  const wordsOf = (row) => row.querySelector(".tick input")?.value || "";

  // Moving: one cell can be reached by Tab, arrows do the rest
  let current = null;

  function focusCell(cell) {
    if (!cell) return;
    current?.setAttribute("tabindex", "-1");
    current = cell;
    cell.setAttribute("tabindex", "0");
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function moved(cell, down, right) {
    const row = body.rows[Math.max(0, Math.min(cell.parentNode.sectionRowIndex + down, body.rows.length - 1))];
    return row.cells[Math.max(0, Math.min(cell.cellIndex + right, row.cells.length - 1))];
  }

  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e6], End: [0, 1e6], PageUp: [-15, 0], PageDown: [15, 0] };

  // Values as texts: numbers as they were written, null for NULL
  function read(text) {
    const shown = heads.map((head) => head.dataset.name).filter(Boolean);
    return JSON.parse(text, function keep(key, value, context) {
      const isCell = typeof value === "number" && context?.source && shown.every((name) => name in this);
      return isCell ? context.source : value;
    });
  }

  const textOf = (value) => value === null || value === undefined ? null : typeof value === "object" ? JSON.stringify(value) : String(value);

  function shownText(cell) {
    if (cell.querySelector(".null")) return null;
    const key = cell.querySelector(".beside, a.key") || cell.querySelector("a.reference");
    if (key) return key.textContent;
    return cell.firstElementChild && !cell.firstElementChild.matches(".cell-editor, span:not([class], [title])") ? undefined : cell.textContent;
  }

  function nullMark() {
    return make("span", "null", "NULL");
  }

  function render(cell, value, label) {
    const text = textOf(value);
    const link = cell.querySelector("a");
    if (text === null) { cell.replaceChildren(nullMark()); return; }
    const part = make("span", "", text.length > 160 ? `${text.slice(0, 160)}…` : text);
    if (text.length > 160) part.title = text.slice(0, 1000);
    const target = headOf(cell).dataset.target;
    if (target && !isKey(headOf(cell))) {
      const reference = make("a", "reference");
      reference.href = `${target}/${encodeURIComponent(text.replace(/[,/~%]/g, (one) => `~${one.charCodeAt(0).toString(16).toUpperCase()}`))}`;
      reference.tabIndex = -1;
      const { chosen, called } = label || {};
      const beside = make("span", "beside", text);
      reference.append(called && chosen === text ? called : part);
      cell.replaceChildren(reference, ...(called && chosen === text ? [" ", beside] : []));
    } else if (link && isKey(headOf(cell))) link.replaceChildren(part);
    else cell.replaceChildren(part);
  }

  // What is shown of a row is made anew where it differs; a chosen row is called as the picker called it.
  function renderRow(row, values, labels = {}) {
    for (const cell of row.cells) {
      const name = nameOf(cell);
      if (!(name in values) || "bytes" in headOf(cell).dataset) continue;
      const shown = shownText(cell);
      if (shown === textOf(values[name]) || (shown === undefined && !(name in labels))) continue;
      render(cell, values[name], labels[name]);
    }
  }

  async function ask(method, url, data, headers = {}) {
    try {
      const sent = data === undefined ? {} : { body: JSON.stringify(data), headers: { "Content-Type": "application/json", ...headers } };
      const answer = await fetch(url, { method, ...sent });
      const text = await answer.text();
      return { ok: answer.ok, status: answer.status, etag: answer.headers.get("ETag"), data: text ? read(text) : {} };
    } catch {
      return { ok: false, status: 0, data: { detail: "Not saved: the desk does not answer. Try again.", errors: {} } };
    }
  }

  async function load(row) {
    const answer = await ask("GET", addressOf(row));
    if (answer.ok) etags.set(row, answer.etag);
    return answer;
  }

  // The editor
  function inputFor(cell, text) {
    const { kind, choices, picker, pickerKey, pickerLabel, nullable } = headOf(cell).dataset;
    if (kind === "boolean" || choices) {
      const select = make("select");
      const all = choices ? JSON.parse(choices) : ["true", "false"];
      if (text !== null && text !== undefined && !all.includes(text)) all.unshift(text);
      if (nullable !== undefined) select.append(new Option("NULL", "\0"));
      for (const one of all) select.append(new Option(one, one));
      return select;
    }
    if (kind === "json" || (text || "").includes("\n") || (text || "").length > 80) {
      const area = make("textarea");
      area.rows = 5;
      return area;
    }
    const input = make("input");
    input.autocomplete = "off";
    if (kind === "date" && (!text || /^\d{4}-\d\d-\d\d$/.test(text))) input.type = "date";
    if (kind === "datetime") input.placeholder = "2026-01-31 14:30";
    if (["integer", "real", "number"].includes(kind)) input.inputMode = kind === "integer" ? "numeric" : "decimal";
    if (picker) Object.assign(input.dataset, { picker, pickerKey, pickerLabel: pickerLabel || "" });
    return input;
  }

  function open(cell, typed) {
    if (!isEditable(cell)) {
      say.textContent = nameOf(cell) ? `${nameOf(cell)} cannot be edited here.` : "";
      return;
    }
    close();
    const shown = shownText(cell);
    const box = make("div", "cell-editor");
    const input = inputFor(cell, shown);
    input.setAttribute("aria-label", `${nameOf(cell)} of row ${wordsOf(cell.parentNode)}`);
    const error = make("div", "cell-error");
    error.id = "cell-error";
    error.hidden = true;
    error.setAttribute("role", "alert");
    box.append(input);
    editor = { cell, row: cell.parentNode, box, input, error, isNull: false, touched: false, kept: [...cell.childNodes] };
    if ("nullable" in headOf(cell).dataset && input.tagName !== "SELECT") box.append(nullButton(editor));
    box.append(error);
    cell.classList.add("editing");
    cell.append(box);
    put(editor, shown === undefined ? "" : shown);
    editor.original = shown;
    if (shown === undefined) input.readOnly = true;
    input.focus();
    input.select?.();
    editor.loaded = load(editor.row).then((answer) => arrive(editor, answer));
    input.addEventListener("input", () => { editor.touched = true; if (!isSelect(editor)) setNull(editor, false); });
    if (typed !== undefined) { put(editor, typed); editor.touched = true; }
  }

  const isSelect = (one) => one.input.tagName === "SELECT";
  const valueOf = (one) => isSelect(one) ? (one.input.value === "\0" ? null : one.input.value) : one.isNull ? null : one.input.value;

  function put(one, text) {
    if (isSelect(one)) one.input.value = text === null ? "\0" : text;
    else {
      one.input.value = text ?? "";
      setNull(one, text === null);
    }
  }

  function nullButton(one) {
    const button = make("button", "null-key", "NULL");
    button.type = "button";
    button.tabIndex = -1;
    button.title = "Alt Delete";
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => beNull(one));
    one.button = button;
    return button;
  }

  function setNull(one, isNull) {
    one.isNull = isNull;
    one.button?.setAttribute("aria-pressed", String(isNull));
    one.input.placeholder = isNull ? "NULL" : one.input.placeholder === "NULL" ? "" : one.input.placeholder;
  }

  function beNull(one) {
    one.touched = true;
    put(one, null);
    one.input.focus();
  }

  // The row as it is now, with its mark: what was shown may be older.
  function arrive(one, answer) {
    if (editor !== one || !answer.ok) return answer;
    const now = textOf(answer.data.row[nameOf(one.cell)]);
    const shown = one.original;
    one.input.readOnly = false;
    const isJson = headOf(one.cell).dataset.kind === "json";
    if (!one.touched) {
      put(one, now);
      if (one.cell.classList.contains("editing") && shown !== now) one.input.select?.();
    } else if (shown !== undefined && shown !== now && !isJson) one.surprise = answer;
    one.original = now;
    return answer;
  }

  function close(focus = false) {
    if (!editor) return;
    const { cell, box } = editor;
    editor = null;
    box.remove();
    cell.classList.remove("editing");
    if (focus) focusCell(cell);
  }

  async function save(move) {
    const one = editor;
    if (!one || one.saving) return;
    one.saving = true;
    const loaded = await one.loaded;
    one.saving = false;
    if (editor !== one) return;
    if (one.surprise) { choose(one, one.surprise, move); return; }
    const [value, before] = [valueOf(one), one.original];
    if (loaded.ok && value === before) { leave(one, move); return; }
    one.saving = true;
    const answer = await patch(one.row, nameOf(one.cell), value);
    one.saving = false;
    if (editor !== one) return;
    if (answer.ok) {
      done.push([one.cell, before]);
      leave(one, move, answer.data.row);
      say.textContent = `Saved ${nameOf(one.cell)}.`;
    } else if (answer.data.current) choose(one, answer, move);
    else refuse(one, answer);
  }

  const patch = (row, name, value) => ask("PATCH", `${addressOf(row)}?_text=1`, { [name]: value }, etags.has(row) ? { "If-Match": etags.get(row) } : {})
    .then((answer) => { if (answer.ok) etags.set(row, answer.etag); return answer; });

  function leave(one, move, row) {
    const keyed = row && isKey(headOf(one.cell));
    close();
    if (row) renderRow(one.row, row, { [nameOf(one.cell)]: one.input.dataset });
    if (keyed) { location.reload(); return; }
    if (move) focusCell(moved(one.cell, ...move));
  }

  function refuse(one, answer) {
    const problem = answer.data;
    const sentence = make("p", "", problem.errors?.[nameOf(one.cell)] || problem.detail || "Not saved.");
    showProblem(one, sentence);
  }

  function showProblem(one, ...parts) {
    one.error.replaceChildren(...parts);
    one.error.hidden = false;
    one.input.setAttribute("aria-invalid", "true");
    one.input.setAttribute("aria-describedby", one.error.id);
    one.error.scrollIntoView({ block: "nearest" });
    if (!one.box.contains(document.activeElement)) one.input.focus();
  }

  // Somebody else was quicker: both versions, and one is chosen
  function choose(one, answer, move) {
    const theirs = answer.data.current || answer.data.row;
    const value = textOf(theirs[nameOf(one.cell)]);
    const words = make("p", "", "This row has changed since you read it.");
    const list = make("dl");
    for (const [title, text] of [["Yours", valueOf(one)], ["Now there", value]]) {
      const shown = make("dd");
      shown.append(text === null ? nullMark() : text);
      list.append(make("dt", "", title), shown);
    }
    const [mine, take] = [make("button", "button small primary", "Keep mine"), make("button", "button small", "Take theirs")];
    mine.type = take.type = "button";
    one.surprise = null;
    mine.addEventListener("click", async () => {
      one.loaded = load(one.row);
      const now = await one.loaded;
      if (now.ok) one.original = textOf(now.data.row[nameOf(one.cell)]);
      save(move || [0, 0]);
    });
    take.addEventListener("click", () => {
      load(one.row);
      leave(one, null, theirs);
      focusCell(one.cell);
    });
    const buttons = make("div", "cell-choice");
    buttons.append(mine, take);
    showProblem(one, words, list, buttons);
    mine.focus();
  }

  async function undoLast() {
    const last = done.pop();
    if (!last) return;
    const [cell, value] = last;
    const answer = await patch(cell.parentNode, nameOf(cell), value);
    if (answer.ok) renderRow(cell.parentNode, answer.data.row, { [nameOf(cell)]: {} });
    say.textContent = answer.ok ? `Set ${nameOf(cell)} back.` : answer.data.detail;
    focusCell(cell);
  }

  // Keys
  function pressInEditor(event) {
    const isArea = editor.input.tagName === "TEXTAREA";
    if (event.target.closest(".cell-choice") && event.key !== "Escape") return;
    if (event.key === "Escape") close(true);
    else if (event.key === "Enter" && !(isArea && event.shiftKey)) save([1, 0]);
    else if (event.key === "Tab") save([0, event.shiftKey ? -1 : 1]);
    else if (event.key === "Delete" && event.altKey && editor.button) beNull(editor);
    else { event.stopPropagation(); return; }
    event.preventDefault();
    event.stopPropagation();
  }

  function press(event) {
    if (event.isComposing) return;
    if (editor?.box.contains(event.target)) { pressInEditor(event); return; }
    const cell = event.target.closest("tbody td");
    if (!cell || event.target !== cell) return;
    const command = event.ctrlKey || event.metaKey;
    const link = cell.querySelector("a");
    if (MOVES[event.key] && !event.altKey) {
      const [down, right] = MOVES[event.key];
      focusCell(command && event.key === "Home" ? body.rows[0].cells[0] : command && event.key === "End" ? body.rows[body.rows.length - 1].cells[0] : moved(cell, down, right));
    } else if (event.key === "Enter" && (command || isKey(headOf(cell)) || !nameOf(cell)) && link) link.click();
    else if (event.key === "F2" || (event.key === "Enter" && !command)) open(cell);
    else if (event.key === "Delete" && isEditable(cell)) { open(cell, null); save([0, 0]); }
    else if (event.key === " " && cell.matches(".tick")) cell.firstElementChild.click();
    else if (command && event.key.toLowerCase() === "z") undoLast();
    else return;
    event.preventDefault();
  }

  // Blocks from a spreadsheet
  function parse(text) {
    const rows = [[]];
    const pattern = /(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n|$)/y;
    const given = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    while (pattern.lastIndex <= given.length) {
      const found = pattern.exec(given);
      if (!found) return given.split("\n").map((line) => line.split("\t"));
      rows.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
      if (found[3] === "\n") rows.push([]);
      if (!found[3]) break;
    }
    return rows;
  }

  const keyOf = (row) => {
    const parts = wordsOf(row).split(",").map((part) => part === "~0" ? null : part === "~" ? "" : part.replace(/(?:~[0-9A-F]{2})+/gi, (found) => decodeURIComponent(found.replaceAll("~", "%"))));
    return parts.length === 1 ? parts[0] : parts;
  };

  function blockOf(start, cells, emptyIsNull) {
    const [top, left] = [start.parentNode.sectionRowIndex, start.cellIndex];
    const block = { rows: [], insert: [], text: true };
    const given = (texts) => Object.fromEntries(texts.flatMap((text, at) => {
      const head = heads[left + at];
      if (!head?.dataset.name) return [];
      return [[head.dataset.name, text === "" && emptyIsNull && "nullable" in head.dataset ? null : text]];
    }));
    cells.forEach((texts, at) => {
      const row = body.rows[top + at];
      if (row) block.rows.push({ key: keyOf(row), set: given(texts) });
      else block.insert.push(given(texts));
    });
    return block;
  }

  function paste(event) {
    const cell = event.target.closest?.("tbody td");
    if (!cell || editor || event.target.matches("input")) return;
    const text = event.clipboardData.getData("text/plain");
    if (!text) return;
    event.preventDefault();
    const cells = parse(text);
    if (cells.length === 1 && cells[0].length === 1) open(cell, cells[0][0]);
    else preview(cell, cells);
  }

  const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

  function preview(cell, cells) {
    const dialog = make("dialog", "paste");
    dialog.setAttribute("aria-labelledby", "paste-title");
    const title = make("h2", "", `Paste ${plural(cells.length, "row")} of ${plural(Math.max(...cells.map((row) => row.length)), "column")}`);
    title.id = "paste-title";
    const told = make("div", "paste-told");
    told.setAttribute("aria-live", "polite");
    const box = (words, checked) => {
      const label = make("label", "null-box");
      const input = make("input");
      input.type = "checkbox";
      input.checked = checked;
      label.append(input, ` ${words}`);
      return [label, input];
    };
    const [emptyLabel, empty] = box("Empty cells are NULL where they may be", true);
    const beyond = blockOf(cell, cells, true).insert.length;
    const [newLabel, fresh] = box(`Add ${plural(beyond, "new row")} for what is beyond the last row`, true);
    const foot = make("footer", "card-foot");
    const [cancel, change] = [make("button", "button", "Cancel"), make("button", "button primary", "Change")];
    cancel.type = change.type = "button";
    foot.append(cancel, change);
    dialog.append(title, told, ...(cells.flat().includes("") ? [emptyLabel] : []), ...(beyond ? [newLabel] : []), foot);
    document.body.append(dialog);
    let [block, turn] = [null, 0];

    async function look() {
      const mine = ++turn;
      change.disabled = true;
      block = blockOf(cell, cells, empty.checked);
      if (!fresh.checked) block.insert = [];
      const answer = await ask("POST", `${rowsUrl}/edit`, { ...block, dry_run: true });
      if (mine !== turn) return;
      tell(told, answer, block);
      change.disabled = !answer.ok || !(answer.data.updated + answer.data.inserted);
      if (turn === 1) (change.disabled ? cancel : change).focus();
      const outside = Math.max(...cells.map((row) => row.length)) - (heads.length - cell.cellIndex);
      if (outside > 0) told.append(make("p", "hint", `${plural(outside, "column")} beyond the last one ${outside === 1 ? "is" : "are"} left out.`));
      if (answer.ok) for (const row of answer.data.rows) {
        const line = row.etag && block.rows.find((one) => JSON.stringify([one.key].flat().map(String)) === JSON.stringify([row.key].flat().map(String)));
        if (line) line.etag = row.etag;
      }
    }

    async function apply() {
      change.disabled = true;
      const answer = await ask("POST", `${rowsUrl}/edit`, block);
      if (!answer.ok) { tell(told, answer, block); return; }
      remember(`${plural(answer.data.cells, "cell")} changed${answer.data.inserted ? `, ${plural(answer.data.inserted, "row")} added` : ""}.`, answer.data.change);
      location.reload();
    }

    empty.addEventListener("change", look);
    fresh.addEventListener("change", look);
    cancel.addEventListener("click", () => dialog.close());
    change.addEventListener("click", apply);
    dialog.addEventListener("close", () => { dialog.remove(); focusCell(cell); });
    dialog.showModal();
    look();
  }

  function tell(told, answer, block) {
    const { data } = answer;
    if (answer.ok) {
      const counts = [`${plural(data.cells, "cell")} in ${plural(data.updated, "row")} would change`];
      if (data.inserted) counts.push(`${plural(data.inserted, "row")} would be added`);
      told.replaceChildren(make("p", "", `${counts.join(", ")}.`), differences(data.rows));
      return;
    }
    const wrong = Object.entries(data.errors || {});
    const list = make("ul", "paste-wrong");
    for (const [place, sentence] of wrong.slice(0, 20)) {
      const found = /^(rows|insert)\.(\d+)(?:\.(.*))?$/s.exec(place);
      const which = !found ? place : found[1] === "rows" ? `Row ${[block.rows[found[2]].key].flat().join(", ")}` : `New row ${Number(found[2]) + 1}`;
      list.append(make("li", "", `${which}${found?.[3] ? `, ${found[3]}` : ""}: ${sentence}`));
    }
    if (wrong.length > 20) list.append(make("li", "", `and ${wrong.length - 20} more`));
    const words = make("p", "problem", wrong.length ? `Nothing can be pasted: ${plural(wrong.length, "value")} ${wrong.length === 1 ? "does" : "do"} not fit.` : data.detail);
    words.setAttribute("role", "alert");
    told.replaceChildren(words, list);
  }

  function differences(rows) {
    const scroll = make("div", "grid-scroll short");
    scroll.tabIndex = 0;
    const lines = make("table", "grid compared");
    const differ = (row, name) => textOf(row.before[name]) !== textOf(row.after[name]);
    const columns = heads.filter((head) => head.dataset.name && rows.some((row) => row.before ? differ(row, head.dataset.name) : !isKey(head)))
      .map((head) => head.dataset.name);
    const head = lines.createTHead().insertRow();
    for (const name of ["row", ...columns]) head.append(make("th", "", name));
    const bodyOf = lines.createTBody();
    for (const row of rows.slice(0, 12)) {
      const line = bodyOf.insertRow();
      line.className = row.before ? "changed" : "new";
      line.append(make("td", "", row.before ? [row.key].flat().join(", ") : "new"));
      for (const name of columns) {
        const cell = line.insertCell();
        const [old, now] = [row.before, row.after].map((side) => side && textOf(side[name]));
        const part = (tag, text) => { const one = make(tag); one.append(text === null ? nullMark() : text); return one; };
        if (!row.before) cell.append(part("ins", now));
        else if (old === now) cell.append(now === null ? nullMark() : now);
        else { cell.className = "differs"; cell.append(part("del", old), " ", part("ins", now)); }
      }
    }
    scroll.append(lines);
    if (rows.length > 12) scroll.append(make("p", "hint", `and ${rows.length - 12} more rows`));
    return scroll;
  }

  // What was done is said after the page has come again, with a way back
  const NOTE = "frontdesk-done";

  function remember(text, change) {
    sessionStorage.setItem(NOTE, JSON.stringify({ text, change }));
  }

  function recall() {
    const kept = sessionStorage.getItem(NOTE);
    if (!kept) return;
    sessionStorage.removeItem(NOTE);
    const { text, change } = JSON.parse(kept);
    const flash = make("div", "flash done");
    flash.setAttribute("role", "status");
    flash.append(make("span", "", text));
    if (change) {
      const form = make("form");
      form.method = "post";
      form.action = table.dataset.undo.replace("CHANGE", encodeURIComponent(change));
      form.append(make("button", "button small", "Undo"));
      flash.append(form);
    }
    document.querySelector("#content > header.title").before(flash);
  }

  // Ticks: Shift and a click take all between
  let lastTick = null;
  const ticks = () => [...body.querySelectorAll(".tick input")];
  const form = document.getElementById("chosen");
  const all = table.querySelector("[data-tick-all]");

  function count() {
    const whole = form.elements[":all"];
    const boxes = ticks();
    const number = boxes.filter((one) => one.checked).length;
    form.querySelector("[data-ticked]").textContent = whole?.checked ? "All rows" : number ? `${plural(number, "row")} ticked` : "Tick rows to";
    for (const button of form.querySelectorAll("button")) button.disabled = !number && !whole?.checked;
    all.checked = number > 0 && number === boxes.length;
    all.indeterminate = number > 0 && number < boxes.length;
    for (const one of boxes) one.closest("tr").classList.toggle("ticked", one.checked);
  }

  table.addEventListener("click", (event) => {
    const box = event.target.closest(".tick input");
    if (!box) return;
    const boxes = ticks();
    if (box === all) for (const one of boxes) one.checked = all.checked;
    else {
      if (event.shiftKey && lastTick) {
        const [from, to] = [boxes.indexOf(lastTick), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
      }
      lastTick = box;
    }
    count();
  });

  // Begins
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", table.dataset.label);
  table.closest(".grid-scroll").removeAttribute("tabindex");
  for (const row of body.rows) for (const cell of row.cells) {
    cell.tabIndex = -1;
    if (!isEditable(cell) && nameOf(cell)) cell.setAttribute("aria-readonly", "true");
    for (const one of cell.querySelectorAll("a, input")) one.tabIndex = -1;
  }
  current = body.rows[0].cells[Math.max(0, heads.findIndex((head) => head.dataset.name && !isKey(head)))];
  current.tabIndex = 0;
  all.hidden = false;
  table.addEventListener("keydown", press);
  table.addEventListener("mousedown", (event) => {
    const cell = event.target.closest("tbody td");
    if (!cell || event.button || event.target.closest("a, input, .cell-editor")) return;
    event.preventDefault();
    save();
    focusCell(cell);
    if (cell.matches(".tick")) cell.firstElementChild.click();
  });
  table.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("tbody td");
    if (cell && !event.target.closest("a, input, .cell-editor")) open(cell);
  });
  table.addEventListener("focusout", (event) => {
    if (editor?.box.contains(event.target) && !editor.box.contains(event.relatedTarget) && document.hasFocus() && !editor.saving) save();
  });
  document.addEventListener("paste", paste);
  form.addEventListener("change", count);
  addEventListener("pageshow", count);
  count();
  recall();
})();
