// Draws the charts of a page by Vega-Lite: as SVG, in the page's own colours, by an interpreter that needs no eval.
import { parse, View } from "vega";
import { compile } from "vega-lite";
import { expressionInterpreter } from "vega-interpreter";

// A chart brings its data with it: nothing is ever loaded.
const refuse = () => Promise.reject(new Error("A chart loads nothing."));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

// What Vega-Lite would say of a specification is for its makers.
const silent = { error() { return this; }, warn() { return this; }, info() { return this; }, debug() { return this; }, level() { return this; } };

// A page of the desk's own that is a whole document may have none of our colours.
const USUAL = {
  "--text": "#1c2230", "--muted": "#5b6475", "--line": "#e3e6ec", "--strong-line": "#b9c0cc", "--card": "#ffffff",
  "--chart-1": "#2a5bd0", "--chart-2": "#d64550", "--chart-3": "#b58900", "--chart-4": "#12344d", "--chart-5": "#4a1d7a",
  "--chart-6": "#3d9bc9", "--chart-7": "#5d3a1a", "--chart-8": "#3f6b00", "--chart-9": "#8a8f9b",
};
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || USUAL[name];

function config() {
  const [text, muted, line, strong] = ["--text", "--muted", "--line", "--strong-line"].map(token);
  const font = getComputedStyle(document.body).fontFamily;
  const colours = Array.from({ length: 9 }, (_, place) => token(`--chart-${place + 1}`));
  return {
    background: token("--card"),
    font,
    padding: { top: 4, right: 16, bottom: 4, left: 4 },
    view: { stroke: null },
    axis: {
      labelColor: muted, titleColor: muted, gridColor: line, domainColor: strong, tickColor: strong,
      labelFontSize: 11.5, titleFontSize: 12, titleFontWeight: 560, titlePadding: 8, labelLimit: 220, tickSize: 4,
    },
    axisX: { grid: false, labelFlush: true },
    legend: { labelColor: text, titleColor: muted, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 560, labelLimit: 220, symbolType: "square" },
    mark: { color: colours[0] },
    bar: { stroke: token("--card"), strokeWidth: 0.5 },
    line: { strokeWidth: 2 },
    area: { fillOpacity: 0.55, line: true },
    point: { size: 36, opacity: 0.75 },
    range: { category: colours },
  };
}

// What stands under the pointer, as plain text lines.
function pointer(box) {
  const note = document.createElement("div");
  note.className = "chart-tip";
  note.hidden = true;
  note.setAttribute("aria-hidden", "true");
  box.append(note);
  return (_, event, __, value) => {
    note.hidden = value === null || value === undefined || value === "";
    if (note.hidden) return;
    note.textContent = String(value);
    const frame = box.getBoundingClientRect();
    const left = Math.min(event.clientX - frame.left + 14, frame.width - note.offsetWidth - 4);
    note.style.left = `${Math.max(4, left)}px`;
    note.style.top = `${Math.max(0, event.clientY - frame.top - note.offsetHeight - 10)}px`;
  };
}

async function draw(box) {
  const spec = JSON.parse(box.dataset.spec);
  box.drawn?.finalize();
  box.replaceChildren();
  // A legend beside the chart leaves too little of a narrow window, and is cut off beside few bars.
  const above = box.clientWidth < 620 || spec.height.step;
  const legend = above ? { orient: "top", columns: Math.max(2, Math.floor(box.clientWidth / 150)), labelLimit: 120 } : {};
  const look = config();
  const compiled = compile(spec, { config: { ...look, legend: { ...look.legend, ...legend } }, logger: silent }).spec;
  const area = document.createElement("div");
  area.className = "chart-area";
  box.append(area);
  box.drawn = new View(parse(compiled, null, { ast: true }), {
    expr: expressionInterpreter, renderer: "svg", container: area, hover: true, loader, tooltip: pointer(box),
  });
  await box.drawn.runAsync();
  const tools = document.querySelector("[data-chart-tools]");
  if (tools) tools.hidden = false;
}

async function save(box, kind) {
  const href = kind === "png"
    ? await box.drawn.toImageURL("png", 2)
    : URL.createObjectURL(new Blob([await box.drawn.toSVG()], { type: "image/svg+xml" }));
  const link = Object.assign(document.createElement("a"), { href, download: `${box.dataset.name}.${kind}` });
  link.click();
  if (kind === "svg") setTimeout(() => URL.revokeObjectURL(href), 1000);
}

const boxes = () => [...document.querySelectorAll("[data-spec]")];
const drawAll = () => boxes().map(draw);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save=png], [data-save=svg]");
  const box = boxes()[0];
  if (button && box?.drawn) save(box, button.dataset.save);
});
// Colours follow the theme, whoever changes it.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
drawAll();
