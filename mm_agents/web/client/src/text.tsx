// An answer's text: paragraphs, bullets, tables and code of Markdown, and citations; nothing in it becomes a link or a tag.
import type { ComponentChildren, VNode } from "preact";
import { t } from "./i18n";
import { Doubt } from "./parts";
import { hot, hovers, useCell } from "./state";
import type { Claim } from "./types";

type OnCite = (number: number) => void;

const NUMBERED = /^\d+\. /;
const MANY = 4; // more citations in a row than these become one

interface SaidProps {
  text: string;
  cited: Set<number>;
  onCite: OnCite;
  doubts: Claim[]; // of an answer that is confirmed in part: these sentences are not
}

export function Said(props: SaidProps) {
  return <div class="said">{blocks(props)}</div>;
}

function blocks({ text, cited, onCite, doubts }: SaidProps): VNode[] {
  const lines = text.split("\n");
  const found: VNode[] = [];
  const inline = (line: string): ComponentChildren => {
    const doubt = doubts.find((one) => line.includes(one.text));
    if (!doubt) return citations(line, cited, onCite);
    const [before = "", ...after] = line.split(doubt.text);
    return [citations(before, cited, onCite), <Doubt why={doubt.why}>{doubt.text}</Doubt>, citations(after.join(doubt.text), cited, onCite)];
  };
  for (let n = 0; n < lines.length; ) {
    const line = lines[n]!;
    const start = n;
    const run = (belongs: (one: string) => boolean): string[] => {
      while (n < lines.length && belongs(lines[n]!)) n += 1;
      return lines.slice(start, n);
    };
    if (!line.trim()) n += 1;
    else if (line.startsWith("```")) {
      n += 1;
      while (n < lines.length && !lines[n]!.startsWith("```")) n += 1;
      found.push(<pre key={start} tabIndex={0}><code>{lines.slice(start + 1, n).join("\n")}</code></pre>);
      n += 1;
    } else if (line.startsWith("|")) {
      const rows = run((one) => one.startsWith("|")).map(cells);
      const body = rows.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
      found.push(
        <div key={start} class="wide" tabIndex={0} role="group" aria-label={t("answer.table")}>
          <table><tbody>{body.map((row, r) => <tr key={r}>{row.map((cell, c) => (r === 0 ? <th key={c} scope="col">{inline(cell)}</th> : <td key={c}>{inline(cell)}</td>))}</tr>)}</tbody></table>
        </div>,
      );
    } else if (/^[-*] /.test(line)) {
      found.push(<ul key={start}>{run((one) => /^[-*] /.test(one)).map((one, i) => <li key={i}>{inline(one.slice(2))}</li>)}</ul>);
    } else if (NUMBERED.test(line)) {
      found.push(<ol key={start} start={parseInt(line, 10)}>{run((one) => NUMBERED.test(one)).map((one, i) => <li key={i}>{inline(one.replace(NUMBERED, ""))}</li>)}</ol>);
    } else {
      const kept = run((one) => !!one.trim() && !/^([-*] |\d+\. |\||```)/.test(one));
      found.push(<p key={start}>{kept.flatMap((one, i) => [i ? <br key={`b${i}`} /> : null, inline(one)])}</p>);
    }
  }
  return found;
}

const cells = (line: string): string[] => line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function citations(line: string, cited: Set<number>, onCite: OnCite): ComponentChildren[] {
  const parts = line.split(/((?:\[\d+\])+)/);
  return parts.flatMap((part, n): ComponentChildren[] => {
    const numbers = n % 2 ? [...part.matchAll(/\d+/g)].map(Number).filter((one) => cited.has(one)) : [];
    if (!numbers.length) return [part];
    if (numbers.length > MANY) return [<button key={n} type="button" class="cite" onClick={() => onCite(numbers[0]!)}>{t("answer.sources", { n: numbers.length })}</button>];
    return numbers.map((one) => <Cite key={`${n} ${one}`} number={one} onCite={onCite} />);
  });
}

function Cite({ number, onCite }: { number: number; onCite: OnCite }) {
  const lit = useCell(hot) === `s:${number}`;
  return (
    <button type="button" class={`cite${lit ? " lit" : ""}`} aria-label={t("answer.source", { number })} {...hovers(`s:${number}`)} onClick={() => onCite(number)}>[{number}]</button>
  );
}
