// Builds the page into ../static: one script, one style sheet, the words of each language.
import { build } from "esbuild";
import { copyFile, mkdir, readdir } from "node:fs/promises";

const out = "../static";
await mkdir(out, { recursive: true });
await build({
  entryPoints: { app: "src/main.tsx" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  outdir: out,
});
await build({ entryPoints: { app: "src/app.css" }, bundle: true, minify: true, charset: "utf8", outdir: out });
for (const name of await readdir("strings")) await copyFile(`strings/${name}`, `${out}/strings.${name}`);
await copyFile("src/icon.svg", `${out}/icon.svg`);
