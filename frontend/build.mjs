// Builds the bundles into the folder given: hashed names, manifest.json, and the licences of what is inside.
// hatch_build.py calls this; by hand it is `npm ci --ignore-scripts && npm run build`.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

// A bundle more is one line more here, with its source in src/.
const BUNDLES = [
  "app.js",
  "sql.js",
  "chart.js",
  "inter.css",
];
const ICONS = "node_modules/bootstrap-icons/icons";

const out = process.argv[2];
if (!out) throw new Error("Usage: node build.mjs FOLDER");
await mkdir(out, { recursive: true });

const built = await build({
  entryPoints: BUNDLES.map((name) => `src/${name}`),
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16.4"],
  loader: { ".woff2": "file" },
  legalComments: "none",
  logLevel: "warning",
});

const manifest = {};
for (const [file, { entryPoint }] of Object.entries(built.metafile.outputs)) {
  if (entryPoint) manifest[entryPoint.replace("src/", "")] = file.split("/").at(-1);
}
manifest["icons.svg"] = await sprite();
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
await writeFile(join(out, "licences.txt"), await licences(Object.keys(built.metafile.inputs)));

// One SVG with a symbol for every icon that the templates name.
async function sprite() {
  const names = (await readFile("src/icons.txt", "utf8")).split("\n").filter(Boolean);
  const symbols = await Promise.all(names.map(async (name) => {
    const svg = await readFile(join(ICONS, `${name}.svg`), "utf8");
    const [, drawing] = svg.match(/<svg[^>]*>(.*)<\/svg>/s);
    return `<symbol id="${name}" viewBox="0 0 16 16" fill="currentColor">${drawing.replace(/\s*\n\s*/g, "")}</symbol>`;
  }));
  const text = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
  const file = `icons-${createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase()}.svg`;
  await writeFile(join(out, file), text);
  return file;
}

// Every package of which something is in the bundles, with the text of its licence; one without is an error.
async function licences(inputs) {
  const packages = new Set(["bootstrap-icons"]);
  for (const input of inputs) {
    const found = input.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/);
    if (found) packages.add(found[1]);
  }
  const notices = [...packages].sort().map(async (name) => {
    const folder = join("node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  });
  return (await Promise.all(notices)).join(`\n${"-".repeat(100)}\n\n`);
}
