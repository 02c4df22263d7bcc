// A table's heads: sorted by several with Shift, made wider and narrower; panels close. All of it is there as forms too.
(() => {
  "use strict";

  // Panels
  const panels = [...document.querySelectorAll("details.panel")];
  const close = (except) => panels.forEach((panel) => { if (panel !== except) panel.open = false; });
  document.addEventListener("click", (event) => close(event.target.closest("details.panel")));
  for (const panel of panels) {
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !panel.open) return;
      event.stopPropagation();
      panel.open = false;
      panel.firstElementChild.focus();
    });
  }

  // The lines of the columns' panel are drawn into another order
  const lines = document.querySelector("form[data-layout] tbody");
  let dragged = null;
  const number = () => [...lines.rows].forEach((row, at) => { row.querySelector("[name^='order.']").value = at + 1; });
  for (const row of lines?.rows ?? []) row.draggable = true;
  lines?.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("tr");
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  lines?.addEventListener("dragover", (event) => {
    const over = event.target.closest("tr");
    if (!dragged || !over) return;
    event.preventDefault();
    const below = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
    over[below ? "after" : "before"](dragged);
  });
  lines?.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    number();
  });

  // A filter offers the operators of the column's kind, and its values
  const column = document.getElementById("filter-column");
  const operator = document.getElementById("filter-operator");
  const value = document.getElementById("filter-value");
  const MODES = { integer: "numeric", real: "decimal", number: "decimal" };

  function offer() {
    const { kind, operators, choices } = column.selectedOptions[0].dataset;
    const known = new Set([...operators.split(" "), "isnotnull"]);
    for (const one of operator.options) one.hidden = one.disabled = !known.has(one.value);
    if (operator.selectedOptions[0].disabled) operator.value = known.values().next().value;
    const needs = !operator.value.startsWith("is");
    value.hidden = !needs;
    value.type = kind === "date" && operator.value !== "in" ? "date" : "text";
    value.inputMode = MODES[kind] ?? "text";
    const listed = kind === "boolean" ? ["true", "false"] : choices ? choices.split("\x1f") : [];
    let list = document.getElementById("filter-values");
    if (!list) {
      list = document.createElement("datalist");
      list.id = "filter-values";
      value.after(list);
    }
    list.replaceChildren(...listed.map((one) => new Option(one, one)));
    if (listed.length) value.setAttribute("list", list.id);
    else value.removeAttribute("list");
  }

  column?.addEventListener("change", offer);
  operator?.addEventListener("change", offer);
  if (column) offer();

  const table = document.querySelector("table.grid.rows");
  if (!table) return;

  // Shift and a click sort by one column more
  table.tHead.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-also]");
    if (!link || !event.shiftKey) return;
    event.preventDefault();
    location.assign(link.dataset.also);
  });

  // Widths are drawn at the right edge of a head, and kept
  const form = document.querySelector("form[data-layout]");
  const heads = [...table.tHead.rows[0].cells].filter((head) => head.querySelector("a[data-also]") || head.matches("th"));
  const nameOf = (head) => head.textContent.trim();

  function keep(name, width) {
    const given = [...form.querySelectorAll("tbody tr")].map((row) => {
      const one = row.querySelector("[name^='name.']").value;
      const typed = row.querySelector("[name^='width.']");
      if (one === name) typed.value = width;
      return { name: one, width: typed.value ? Number(typed.value) : null, hidden: !row.querySelector("[type=checkbox]").checked };
    });
    fetch(form.dataset.layout, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ columns: given }) });
  }

  function columns() {
    let group = table.querySelector("colgroup");
    if (!group) {
      group = document.createElement("colgroup");
      for (const _ of table.tHead.rows[0].cells) group.append(document.createElement("col"));
      table.prepend(group);
    }
    return group.children;
  }

  // A column that is narrower than its values cuts them; a style of a cell needs no rule of the page
  function fit(head) {
    const width = columns()[head.cellIndex].width;
    for (const row of [table.tHead, table.tBodies[0]].flatMap((part) => [...part.rows])) {
      const cell = row.cells[head.cellIndex];
      cell.style.minWidth = cell.style.maxWidth = width ? `${width}px` : "";
    }
  }

  for (const head of heads) {
    const name = head.dataset.name ?? head.querySelector("a")?.firstChild.textContent ?? nameOf(head);
    if (![...form.querySelectorAll("[name^='name.']")].some((one) => one.value === name)) continue;
    const handle = document.createElement("span");
    handle.className = "resize";
    handle.title = "Draw to make it wider; twice for as wide as its values";
    head.append(handle);
    if (table.querySelector("colgroup")) fit(head);
    let [from, width] = [0, 0];
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      [from, width] = [event.clientX, head.offsetWidth];
      handle.setPointerCapture(event.pointerId);
      handle.classList.add("active");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      columns()[head.cellIndex].width = Math.max(40, Math.min(1200, Math.round(width + event.clientX - from)));
      fit(head);
    });
    handle.addEventListener("pointerup", () => {
      handle.classList.remove("active");
      const drawn = columns()[head.cellIndex].width;
      if (drawn) keep(name, Number(drawn));
    });
    handle.addEventListener("dblclick", () => {
      columns()[head.cellIndex].removeAttribute("width");
      fit(head);
      keep(name, "");
    });
    handle.addEventListener("click", (event) => event.stopPropagation());
  }
})();
