// Answers by kind: pictures and clips as a grid, films as cards, tables, invoices, flowcharts, transcripts, sums.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import { clock, named, t } from "./i18n";
import { readings, refOf, viewOfSource, type Reading } from "./marks";
import { usePage } from "./pages";
import { Doubt } from "./parts";
import { hot, hovers, look, problem, useCell } from "./state";
import type { BoxCorners, Item, Sheet, Shown, Source } from "./types";

const FIRST = 24; // tiles that are shown at once
const OPEN = 4; // claims about a document from which on all of it is wanted
const LONGEST_SUM = 400; // characters
const LONGEST_TABLE = 60; // rows; a longer one is shown when it is opened

/** Whether a document was asked for as a whole, and not for one of its values. */
export const isWhole = (shown: Shown, one: Reading): boolean =>
  shown.answer.claims.filter((claim) => claim.sources.some((n) => shown.files[n] === one.address)).length >= OPEN ||
  (shown.answer.sources.some((source) => shown.files[source.number] === one.address && !source.box) && !isLong(one));

const isLong = (one: Reading): boolean => one.kind === "table" && one.reading.rows.length > LONGEST_TABLE;

export function Displays({ shown }: { shown: Shown }) {
  const documents = readings(shown);
  return (
    <>
      <Sums shown={shown} />
      <Grid shown={shown} />
      <Films shown={shown} />
      {documents.map((one) => (
        <details key={`${one.kind} ${one.address}`} class={`document ${one.kind}`} open={isWhole(shown, one)}>
          <summary><h3>{t(`document.${one.kind}`, { name: one.name })}</h3></summary>
          <Document of={one} />
        </details>
      ))}
    </>
  );
}

export function Document({ of }: { of: Reading }) {
  if (of.kind === "invoice") return <Invoice of={of} />;
  if (of.kind === "table") return <Table of={of} />;
  if (of.kind === "flowchart") return <Flowchart of={of} />;
  if (of.kind === "hidden_text") return <p class="hidden-words">{of.reading.text}</p>;
  return <Transcript of={of} />;
}

// ---------------------------------------------------------------- what was found

function Grid({ shown }: { shown: Shown }) {
  const [all, showAll] = useState(false);
  const tiles = distinct(shown, ["image", "video", "audio", "pdf"]).filter((source) => isFound(shown, source));
  if (!tiles.length) return null;
  return (
    <div class="grid" role="list" aria-label={t("answer.found")}>
      {tiles.slice(0, all ? undefined : FIRST).map((source) => <Tile key={source.number} shown={shown} source={source} />)}
      {!all && tiles.length > FIRST && <div role="listitem"><button type="button" class="more" onClick={() => showAll(true)}>{t("answer.all", { n: tiles.length })}</button></div>}
    </div>
  );
}

/** Whether a source is what was looked for, and not a place in a document that says something. */
export const isTile = (shown: Shown, source: Source): boolean =>
  !!shown.files[source.number] && (source.media_type === "film" || (source.media_type !== "text" && isFound(shown, source)));

/** A picture that was found is one, also where a box says which thing in it is meant. */
const isFound = (shown: Shown, source: Source): boolean => {
  const kinds = shown.answer.claims.filter((claim) => claim.sources.includes(source.number)).map((claim) => claim.kind);
  const isSought = kinds.some((kind) => ["match", "seen", "counted"].includes(kind)) || (!source.box && kinds.includes("unsupported"));
  return isSought && !readings(shown).some((one) => one.address === shown.files[source.number]);
};

function distinct(shown: Shown, kinds: string[]): Source[] {
  const known = new Set<string>();
  return shown.answer.sources.filter((source) => {
    const key = `${shown.files[source.number]} ${source.t0} ${source.page}`;
    if (!shown.files[source.number] || !kinds.includes(source.media_type) || known.has(key)) return false;
    known.add(key);
    return true;
  });
}

function Tile({ shown, source }: { shown: Shown; source: Source }) {
  const view = viewOfSource(shown, source)!;
  const lit = useCell(hot) === refOf(source);
  const where = source.t0 !== null ? clock(source.t0) : source.media_type === "pdf" && source.page ? t("page.n", { page: source.page }) : "";
  return (
    <figure role="listitem" class={lit ? "tile lit" : "tile"}>
      <button type="button" onClick={() => look(view)} aria-label={t("answer.open", { name: source.name })} {...hovers(refOf(source))}>
        <Picture address={view.address} t0={source.t0} page={source.media_type === "pdf" ? source.page : null} kind={source.media_type} />
        {where && <span class="moment">{source.media_type === "video" && <PlayGlyph />}{where}</span>}
      </button>
      <figcaption><span class="number">{source.number}</span> {source.name}</figcaption>
    </figure>
  );
}

const PlayGlyph = () => <svg class="play" viewBox="0 0 12 12" aria-hidden="true"><path d="M3 2l7 4-7 4z" /></svg>;

export function Picture({ address, t0, page, kind }: { address: string; t0: number | null | undefined; page: number | null | undefined; kind: string }) {
  const [gone, setGone] = useState(kind === "text"); // a text has no picture
  return gone ? <span class="no-picture">{named("kind", kind)}</span> : <img loading="lazy" src={api.thumbnail(address, t0, page)} alt="" onError={() => setGone(true)} />;
}

function Films({ shown }: { shown: Shown }) {
  const films = distinct(shown, ["film"]);
  return films.length ? <div class="films">{films.map((source) => <FilmCard key={source.number} shown={shown} source={source} />)}</div> : null;
}

/** A film's year and rating. */
export function filmFacts({ facts }: Item): string {
  const rating = facts.vote_average;
  return [String(facts.release_date ?? "").slice(0, 4), rating === undefined ? "" : `★ ${Number(rating).toFixed(1)}`].filter(Boolean).join(" · ");
}

function FilmCard({ shown, source }: { shown: Shown; source: Source }) {
  const view = viewOfSource(shown, source)!;
  const [item, setItem] = useState<Item | null>(null);
  useEffect(() => {
    api.item(view.address).then(setItem, () => undefined);
  }, [view.address]);
  const claim = shown.answer.claims.find((one) => one.sources.includes(source.number));
  return (
    <article class="film">
      <button type="button" onClick={() => look(view)} aria-label={t("answer.open", { name: source.name })} {...hovers(refOf(source))}><Picture address={view.address} t0={null} page={null} kind="film" /></button>
      <div>
        <h3>{source.name}</h3>
        <p class="soft">{item && filmFacts(item)}</p>
        <p>{source.quote}</p>
        {claim?.why && <p class="soft">{claim.why}</p>}
      </div>
    </article>
  );
}

/** A sum of many numbers with its first ones, and what it comes to. */
const shortened = (sum: string): string => (sum.length > LONGEST_SUM ? `${sum.slice(0, LONGEST_SUM)} … ${sum.slice(sum.lastIndexOf("="))}` : sum);

function Sums({ shown }: { shown: Shown }) {
  const sums = shown.answer.claims.filter((claim) => claim.computed);
  return sums.length ? <ul class="sums" aria-label={t("answer.sum")}>{sums.map((claim, n) => <li key={n}><code>{shortened(claim.computed ?? "")}</code></li>)}</ul> : null;
}

// ---------------------------------------------------------------- documents

export const READERS = ["invoice", "table", "flowchart"] as const; // whose readings are kept as facts

function Save({ name, sheets, json }: { name: string; sheets: Sheet[]; json?: unknown }) {
  const stem = name.replace(/\.[^.]+$/, "") || "table";
  const tabbed = sheets.map((sheet) => sheet.rows.map((row) => row.join("\t")).join("\n")).join("\n\n");
  const [copied, setCopied] = useState(false);
  return (
    <p class="keep">
      <button type="button" onClick={async () => setCopied(await api.copy(tabbed))}>{copied ? t("answer.copied") : t("table.copy")}</button>
      <button type="button" onClick={() => api.saveSheet(stem, "csv", sheets).catch(problem)}>CSV</button>
      <button type="button" onClick={() => api.saveSheet(stem, "xlsx", sheets).catch(problem)}>XLSX</button>
      {json !== undefined && <button type="button" onClick={() => api.save(new Blob([JSON.stringify(json, null, 2)], { type: "application/json" }), `${stem}.json`)}>JSON</button>}
    </p>
  );
}

function Value({ refName, address, place, doubt, children }: { refName: string; address: string | null; place: { box: BoxCorners | null; page?: number | null } | undefined; doubt?: string | null; children: string }) {
  const lit = useCell(hot) === refName;
  if (!children) return null;
  if (!place?.box || !address) return doubt ? <Doubt why={doubt}>{children}</Doubt> : <span>{children}</span>;
  return (
    <button type="button" class={`value${lit ? " lit" : ""}${doubt ? " doubt" : ""}`} title={doubt ?? undefined} {...hovers(refName)} onClick={() => look({ address, page: place.page ?? 1, box: place.box, ref: refName })}>{children}</button>
  );
}

const FIELDS = ["seller", "buyer", "ship_to", "number", "date", "due_date", "purchase_order", "currency", "subtotal", "discount", "shipping", "tax", "total"];
const COLUMNS = ["quantity", "unit", "description", "unit_price", "amount"];

function Invoice({ of: { reading, address, name } }: { of: Reading }) {
  const fields = { ...reading.fields, ...reading.details } as Record<string, any>;
  const names = [...FIELDS, ...Object.keys(fields).filter((one) => !FIELDS.includes(one))].filter((one) => fields[one]?.value);
  const items = (reading.items ?? []) as any[];
  const columns = COLUMNS.filter((column) => items.some((item) => item[column]));
  const sheets: Sheet[] = [{ name: "invoice", rows: [["field", "value", "verified"], ...names.map((one) => [one, String(fields[one].value), fields[one].verified ? "yes" : "no"])] }];
  if (items.length) sheets.push({ name: "items", rows: [columns, ...items.map((item) => columns.map((column) => String(item[column] ?? "")))] });
  return (
    <>
      <dl class="form">
        {names.map((one) => (
          <div key={one} class={one === "total" ? "total" : ""}>
            <dt>{named("field", one)}</dt>
            <dd><Value refName={`f:${one}`} address={address} place={fields[one].evidence?.[0]} doubt={fields[one].verified ? null : fields[one].note || t("document.unsure")}>{String(fields[one].value)}</Value></dd>
          </div>
        ))}
      </dl>
      {items.length > 0 && (
        <div class="wide" tabIndex={0} role="group" aria-label={t("document.items")}>
          <table class="items">
            <thead><tr>{columns.map((column) => <th key={column} scope="col">{named("field", column)}</th>)}</tr></thead>
            <tbody>
              {items.map((item, n) => (
                <tr key={n}>
                  {columns.map((column) => {
                    const place = (item.evidence as any[]).find((one) => one.field === column);
                    return <td key={column}><Value refName={`i:${n}:${column}`} address={address} place={place} doubt={place && !place.verified ? t("document.unsure") : null}>{String(item[column] ?? "")}</Value></td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Checks checks={(reading.checks ?? []) as any[]} />
      <Save name={name} sheets={sheets} json={reading} />
    </>
  );
}

export function Checks({ checks }: { checks: { name: string; status: string; detail: string }[] }) {
  if (!checks.length) return null;
  return (
    <ul class="checks">
      {checks.map((one, n) => (
        <li key={n} class={one.status.replace(" ", "-")}><span class="badge">{named("check", one.status.replace(" ", "_"))}</span> {one.name.replaceAll("_", " ")} <span class="soft">{one.detail}</span></li>
      ))}
    </ul>
  );
}

function Table({ of: { reading, address, name } }: { of: Reading }) {
  const rows = reading.rows as string[][];
  const cells = new Map((reading.cells as any[]).map((cell) => [`${cell.row},${cell.column}`, cell]));
  return (
    <>
      <div class="wide" tabIndex={0} role="group" aria-label={t("answer.table")}>
        <table>
          <tbody>
            {rows.map((row, r) => (
              <tr key={r}>
                {row.map((text, c) => {
                  const cell = cells.get(`${r},${c}`);
                  const value = <Value refName={`c:${r},${c}`} address={address} place={cell ? { box: cell.box, page: reading.page } : undefined} doubt={cell?.doubt}>{text}</Value>;
                  return r < reading.header_rows ? <th key={c} scope="col">{value}</th> : c < reading.header_columns ? <th key={c} scope="row">{value}</th> : <td key={c}>{value}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Save name={name} sheets={[{ name: "table", rows }]} json={{ rows }} />
    </>
  );
}

function Transcript({ of: { reading, address } }: { of: Reading }) {
  const sentences = (reading.sentences ?? []) as { text: string; t0: number; t1: number }[];
  if (!sentences.length) return <pre class="words" tabIndex={0}>{String(reading.text ?? reading.markdown ?? "")}</pre>;
  return (
    <ol class="sentences">
      {sentences.map((one, n) => <li key={n}><button type="button" onClick={() => address && look({ address, t0: one.t0 })}>{clock(one.t0)}</button> {one.text}</li>)}
    </ol>
  );
}

// ---------------------------------------------------------------- flowcharts

function Flowchart({ of: { reading, address, name } }: { of: Reading }) {
  const { picture } = usePage(address, 1);
  const nodes = reading.nodes as any[];
  const edges = reading.edges as any[];
  const [width, height] = picture ? [picture.width, picture.height] : extent(nodes);
  const texts = Object.fromEntries(nodes.map((node) => [node.id, node.text || named("shape", node.shape)]));
  const sheets: Sheet[] = [
    { name: "steps", rows: [["id", "text", "shape", "lane"], ...nodes.map((node) => [node.id, node.text, node.shape, node.lane ?? ""])] },
    { name: "edges", rows: [["from", "to", "label"], ...edges.map((edge) => [texts[edge.source] ?? "", texts[edge.target] ?? "", edge.label])] },
  ];
  return (
    <>
      <div class="both">
        <figure>
          <svg class="drawn" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t("flowchart.drawn", { n: nodes.length })}>
            <defs><marker id="arrowhead" viewBox="0 0 10 10" refX="9" refY="5" markerWidth={Math.max(width, height) / 75} markerHeight={Math.max(width, height) / 75} orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path d="M0 0 10 5 0 10z" /></marker></defs>
            {edges.map((edge, n) => <Edge key={n} edge={edge} n={n} size={Math.max(width, height) / 70} />)}
            {nodes.map((node) => <Shape key={node.id} node={node} size={Math.max(width, height) / 62} onOpen={() => address && look({ address, box: node.box, ref: `n:${node.id}` })} />)}
          </svg>
          <figcaption>{t("flowchart.graph")}</figcaption>
        </figure>
        {address && picture && (
          <figure>
            <button type="button" class="scan" onClick={() => look({ address })} aria-label={t("answer.open", { name })}><img src={picture.url} alt="" /></button>
            <figcaption>{t("flowchart.scan")}</figcaption>
          </figure>
        )}
      </div>
      <details class="code"><summary>Mermaid</summary><pre tabIndex={0}><code>{String(reading.mermaid ?? "")}</code></pre></details>
      <Save name={name} sheets={sheets} json={{ nodes, edges, lanes: reading.lanes }} />
    </>
  );
}

const extent = (nodes: any[]): [number, number] => [Math.max(...nodes.map((node) => node.box[2])) + 40, Math.max(...nodes.map((node) => node.box[3])) + 40];

function Edge({ edge, n, size }: { edge: any; n: number; size: number }) {
  const lit = useCell(hot) === `e:${n}`;
  const path = edge.path as [number, number][];
  const middle = path[Math.floor((path.length - 1) / 2)]!;
  const next = path[Math.floor((path.length - 1) / 2) + 1] ?? middle;
  return (
    <g class={`edge${edge.dashed ? " dashed" : ""}${edge.unsure.length ? " unsure" : ""}${lit ? " lit" : ""}`} {...hovers(`e:${n}`)}>
      <polyline points={path.map((point) => point.join()).join(" ")} marker-end={edge.heads !== "source" ? "url(#arrowhead)" : undefined} marker-start={edge.heads === "source" || edge.heads === "both" ? "url(#arrowhead)" : undefined} />
      {edge.label && <text x={(middle[0] + next[0]) / 2 + size / 3} y={(middle[1] + next[1]) / 2 - size / 3} font-size={size}>{edge.label}</text>}
    </g>
  );
}

function Shape({ node, size, onOpen }: { node: any; size: number; onOpen: () => void }) {
  const lit = useCell(hot) === `n:${node.id}`;
  const [x0, y0, x1, y1] = node.box as BoxCorners;
  const [w, h, cx, cy] = [x1 - x0, y1 - y0, (x0 + x1) / 2, (y0 + y1) / 2];
  const lines = wrapped(node.text as string, Math.max(4, Math.floor(w / (size * 0.56))));
  const outline = node.shape === "diamond"
    ? <polygon points={`${cx},${y0} ${x1},${cy} ${cx},${y1} ${x0},${cy}`} />
    : node.shape === "circle" || node.shape === "ellipse"
      ? <ellipse cx={cx} cy={cy} rx={w / 2} ry={h / 2} />
      : <rect x={x0} y={y0} width={w} height={h} rx={node.shape === "rounded" || node.shape === "stadium" ? Math.min(w, h) / 5 : 0} />;
  return (
    <g class={`node${node.unsure.length ? " unsure" : ""}${lit ? " lit" : ""}`} {...hovers(`n:${node.id}`)} onClick={onOpen}>
      {outline}
      {lines.map((line, n) => <text key={n} x={cx} y={cy + (n - (lines.length - 1) / 2) * size * 1.15} font-size={size}>{line}</text>)}
    </g>
  );
}

function wrapped(text: string, wide: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < wide) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

// ---------------------------------------------------------------- the place of a source

export function Crop({ address, page, box, refName }: { address: string; page: number; box: BoxCorners; refName: string }) {
  const { picture } = usePage(address, page);
  const lit = useCell(hot) === refName;
  if (!picture) return null;
  const [x0, y0, x1, y1] = box;
  const edge = (y1 - y0) * 1.2 + 8;
  const side = Math.max(edge, (picture.width / 2 - (x1 - x0)) / 2);
  const [left, top] = [Math.max(0, x0 - side), Math.max(0, y0 - edge)];
  const [right, bottom] = [Math.min(picture.width, x1 + side), Math.min(picture.height, y1 + edge)];
  return (
    <svg class={lit ? "crop lit" : "crop"} viewBox={`${left} ${top} ${right - left} ${bottom - top}`} aria-hidden="true">
      <image href={picture.url} width={picture.width} height={picture.height} preserveAspectRatio="none" />
      <rect x={x0 - 3} y={y0 - 3} width={x1 - x0 + 6} height={y1 - y0 + 6} rx="2" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

