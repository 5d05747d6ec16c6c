// Every language has the same words with the same blanks, and every word is used.
import { readdir, readFile } from "node:fs/promises";

const read = async (name) => JSON.parse(await readFile(`strings/${name}`, "utf8"));
const english = await read("en.json");
const blanks = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join();
const base = (key) => key.replace(/\.(one|many|other)$/, "");
const wrong = [];
for (const name of await readdir("strings")) {
  const words = await read(name);
  const wanted = new Set(Object.keys(english).map(base));
  for (const key of wanted) if (!Object.keys(words).some((one) => base(one) === key)) wrong.push(`${name} lacks ${key}`);
  for (const [key, text] of Object.entries(words)) {
    if (!wanted.has(base(key))) wrong.push(`${name} has ${key}, which English has not`);
    else if (key in english && blanks(text) !== blanks(english[key])) wrong.push(`${name}: ${key} has other blanks`);
  }
}
let code = await readFile("../sign_in.html", "utf8");
for (const name of await readdir("src")) if (/\.tsx?$/.test(name)) code += await readFile(`src/${name}`, "utf8");
for (const key of new Set(Object.keys(english).map(base))) {
  const family = key.slice(0, key.indexOf("."));
  const used = [`"${key}"`, `\`${family}.\${`, `named("${family}"`];
  if (!used.some((one) => code.includes(one))) wrong.push(`${key} is not used`);
}
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
