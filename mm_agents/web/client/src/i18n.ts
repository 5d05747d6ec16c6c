// The page's words. English is in the bundle; the others are loaded when they are wanted.
import english from "../strings/en.json";

export const LANGUAGES: Record<string, string> = { en: "English", de: "Deutsch", fr: "Français", es: "Español", zh: "中文" };

let words: Record<string, string> = english;
let language = "en";
let plural = new Intl.PluralRules("en");

export function chosenLanguage(): string {
  const kept = localStorage.getItem("mm-language");
  const wanted = [kept, ...navigator.languages.map((one) => one.slice(0, 2).toLowerCase())];
  return wanted.find((one): one is string => !!one && one in LANGUAGES) ?? "en";
}

export async function useLanguage(chosen: string): Promise<void> {
  if (chosen !== "en") {
    const answer = await fetch(`static/strings.${chosen}.json`);
    words = answer.ok ? { ...english, ...(await answer.json()) } : english;
  } else words = english;
  language = chosen;
  plural = new Intl.PluralRules(chosen);
  document.documentElement.lang = chosen;
}

export function currentLanguage(): string {
  return language;
}

type Blanks = Record<string, string | number>;

/** A text with its blanks filled; `n` chooses between the forms "key.one" and "key.other". */
export function t(key: string, blanks: Blanks = {}): string {
  const form = typeof blanks.n === "number" ? `${key}.${plural.select(blanks.n)}` : key;
  const text = words[form] ?? words[`${key}.other`] ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = blanks[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/** A name that code uses, such as "due_date", in words: the translation where there is one. */
export function named(family: string, name: string): string {
  const text = words[`${family}.${name}`];
  return text ?? name.replaceAll("_", " ");
}

export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return `${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${String(s).padStart(2, "0")}`;
}

export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let n = size;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${n.toLocaleString(language, { maximumFractionDigits: n < 10 && unit ? 1 : 0 })} ${units[unit]}`;
}
