// A field that refers to another table offers its rows as one types. Without this it is a plain input for the key.
(() => {
  "use strict";
  const SHOWN = 8;
  let number = 0;

  async function find({ picker: rows, pickerKey: key, pickerLabel: label }, words) {
    const columns = [key, label].filter(Boolean).map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const asked = new URLSearchParams({ _size: SHOWN, _columns: columns });
    if (words) asked.set("_search", words);
    const answer = await fetch(`${rows}?${asked}`);
    if (!answer.ok) return [];
    return (await answer.json()).rows.map((row) => ({ key: String(row[key]), label: label ? String(row[label] ?? "") : "" }));
  }

  function attach(input) {
    const list = document.createElement("ul");
    list.id = `picker-${++number}`;
    list.className = "picker";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Rows that it can refer to");
    list.hidden = true;
    input.after(list);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"],
      ["aria-controls", list.id], ["autocomplete", "off"]]) input.setAttribute(name, value);
    let [asked, timer, active] = [0, 0, -1];
    const options = () => [...list.children].filter((one) => one.getAttribute("role") === "option");

    function close() {
      clearTimeout(timer);
      asked += 1;
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function choose(option) {
      input.value = option.dataset.key;
      Object.assign(input.dataset, { chosen: option.dataset.key, called: option.dataset.label });
      close();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      close();
    }

    function activate(place) {
      const all = options();
      if (!all.length) return;
      active = (place + all.length) % all.length;
      all.forEach((one, at) => one.setAttribute("aria-selected", String(at === active)));
      all[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", all[active].id);
    }

    function show(found) {
      const items = found.map((one, at) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${at}`;
        Object.assign(item.dataset, one);
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const key = document.createElement("span");
        key.className = "muted";
        key.textContent = one.key;
        item.append(key, one.label);
        return item;
      });
      list.replaceChildren(...items);
      active = -1;
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", String(items.length > 0));
    }

    async function offer(words) {
      const turn = ++asked;
      const found = await find(input.dataset, words).catch(() => []);
      if (turn === asked && document.activeElement === input) show(found);
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => offer(input.value.trim()), 150);
    });
    input.addEventListener("keydown", (event) => {
      const open = !list.hidden;
      if (event.key === "ArrowDown" && !open) offer("");
      else if (event.key === "ArrowDown") activate(active + 1);
      else if (event.key === "ArrowUp" && open) activate(active - 1);
      else if (event.key === "Enter" && open && active >= 0) choose(options()[active]);
      else if (event.key === "Escape" && open) close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(option);
    });
    input.addEventListener("blur", close);
  }

  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("input[data-picker]:not([role=combobox])")) attach(event.target);
  });
})();
