// The library tab: search, facets, sorting, a grid that draws only what is in view, choosing, and what can be done with it.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { Adding } from "./adding";
import { clock, named, t } from "./i18n";
import { Doubt, Icon, IconButton, Refusal } from "./parts";
import { Cell, go, look, marksOf, note, order, problem, route, useCell, viewOf, withQuery } from "./state";
import { attached } from "./ask";
import { READERS } from "./displays";
import type { About, Page, Row, Sheet } from "./types";

const FACETS = ["kind", "has", "year", "folder", "objects", "tags"] as const;
const SORTS = ["best", "name", "newest", "oldest", "largest", "longest"] as const;
const BLOCK = 120; // rows of one request
const TILE = { width: 168, height: 206, gap: 12 }; // pixels; as app.css has them
const MOST_ASKED = 12; // files with one question
const PREVIEWED = 100; // rows of a table that was read

export const libraryVersion = new Cell(0); // grows when the library has changed

export function LibraryTab({ about }: { about: About }) {
  const { query } = useCell(route);
  const version = useCell(libraryVersion);
  const [chosen, choose] = useState<Set<string>>(new Set());
  const [facetsOpen, openFacets] = useState(false);
  const key = useMemo(() => {
    const asked = new URLSearchParams();
    for (const name of ["q", "image", "like", "set", "sort", ...FACETS]) for (const value of query.getAll(name)) asked.append(name, value);
    return asked.toString();
  }, [query]);
  const listing = useListing(key, version);
  useEffect(() => choose(new Set()), [key]);
  const toggle = (name: string, value: string): void => {
    const next = new URLSearchParams(query);
    const values = next.getAll(name);
    next.delete(name);
    for (const one of values.includes(value) ? values.filter((other) => other !== value) : [...values, value]) next.append(name, one);
    go({ query: next }, true);
  };
  const isSearch = ["q", "image", "like"].some((name) => query.has(name));
  const sorts = isSearch ? SORTS : SORTS.filter((one) => one !== "best");
  const active = FACETS.reduce((sum, name) => sum + query.getAll(name).length, 0);
  return (
    <div class="library-tab">
      <Search about={about} query={query} />
      {about.writable && <Adding about={about} onChange={() => libraryVersion.set(libraryVersion.value + 1)} />}
      <div class="bar">
        <p role="status" id="status">{listing.problem === null && line(listing, query)}</p>
        <button type="button" class="plain facets-button" aria-expanded={facetsOpen} onClick={() => openFacets(!facetsOpen)}>{t("library.filters")}{active ? ` · ${active}` : ""}</button>
        <label>{t("library.sort")} <select aria-label={t("library.sort")} value={query.get("sort") ?? sorts[0]} onChange={(event) => withQuery({ sort: event.currentTarget.value === sorts[0] ? null : event.currentTarget.value }, true)}>{sorts.map((one) => <option key={one} value={one}>{t(`sort.${one}`)}</option>)}</select></label>
      </div>
      {listing.problem !== null && <Refusal text={listing.problem} onAgain={listing.again} />}
      {chosen.size > 0 && <Chosen about={about} chosen={chosen} choose={choose} listed={key} total={listing.total} />}
      <div class="columns">
        <Facets facets={listing.facets} query={query} onToggle={toggle} open={facetsOpen} />
        <Tiles listing={listing} chosen={chosen} choose={choose} />
      </div>
    </div>
  );
}

function line(listing: Listing, query: URLSearchParams): string {
  if (!listing.ready) return t("library.looking");
  if (!listing.all) return t("library.empty");
  const isSearch = query.has("q") || query.has("image") || query.has("like");
  if (!listing.total) return t("library.none");
  return isSearch ? t("library.nearest", { n: listing.total, all: listing.all }) : listing.total < listing.all ? t("library.some", { n: listing.total, all: listing.all }) : t("library.all", { n: listing.all });
}

// ---------------------------------------------------------------- what is listed

interface Listing {
  ready: boolean;
  total: number;
  all: number;
  facets: Page["facets"];
  problem: string | null;
  rows: Map<number, Row>;
  want: (from: number, to: number) => void;
  again: () => void;
}

function useListing(key: string, version: number): Listing {
  const [, again] = useState(0);
  const kept = useRef<{ key: string; pages: Map<number, Page | null>; first: Page | null; problem: string | null; stop: AbortController }>();
  const name = `${key} ${version}`;
  if (kept.current?.key !== name) {
    kept.current?.stop.abort();
    kept.current = { key: name, pages: new Map(), first: kept.current?.first ?? null, problem: null, stop: new AbortController() };
  }
  const here = kept.current!;
  const load = (block: number): void => {
    if (here.pages.has(block)) return;
    here.pages.set(block, null);
    const asked = new URLSearchParams(key);
    asked.set("offset", String(block * BLOCK));
    asked.set("limit", String(BLOCK));
    api.items(asked, here.stop.signal).then(
      (page) => {
        here.pages.set(block, page);
        here.first = page;
        again((n) => n + 1);
      },
      (error: Error) => {
        if (error.name === "AbortError") return;
        here.pages.delete(block);
        here.problem = error.message;
        here.first = null;
        again((n) => n + 1);
      },
    );
  };
  useEffect(() => load(0), [name]);
  const rows = useMemo(() => {
    const found = new Map<number, Row>();
    for (const [block, page] of here.pages) page?.items.forEach((row, n) => found.set(block * BLOCK + n, row));
    return found;
  }, [name, [...here.pages.values()].filter(Boolean).length]);
  return {
    ready: here.pages.get(0) != null,
    total: here.first?.total ?? 0,
    all: here.first?.all ?? 0,
    facets: here.first?.facets ?? {},
    problem: here.problem,
    rows,
    again: () => {
      here.problem = null;
      load(0);
      again((n) => n + 1);
    },
    want: (from, to) => {
      for (let block = Math.floor(from / BLOCK); block <= Math.floor(to / BLOCK); block += 1) load(block);
    },
  };
}

function Tiles({ listing, chosen, choose }: { listing: Listing; chosen: Set<string>; choose: (ids: Set<string>) => void }) {
  const pane = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 600, top: 0 });
  const anchor = useRef<number | null>(null);
  const columns = Math.max(2, Math.floor((size.width + TILE.gap) / (TILE.width + TILE.gap)));
  const high = TILE.height + TILE.gap;
  const from = Math.max(0, Math.floor(size.top / high) - 2) * columns;
  const to = Math.min(listing.total, (Math.ceil((size.top + size.height) / high) + 2) * columns);
  useLayoutEffect(() => {
    const here = pane.current;
    if (!here) return undefined;
    const measure = (): void => setSize({ width: here.clientWidth, height: here.clientHeight, top: here.scrollTop });
    const watched = new ResizeObserver(measure);
    watched.observe(here);
    measure();
    return () => watched.disconnect();
  }, []);
  useEffect(() => {
    if (listing.total) listing.want(from, Math.max(from, to - 1));
  });
  useEffect(() => {
    marksOf.set(new Map());
    order.set([...listing.rows].sort(([one], [other]) => one - other).map(([, row]) => viewOfRow(row)));
  }, [listing.rows]);
  const pick = (index: number, row: Row, event: MouseEvent): void => {
    const next = new Set(chosen);
    const last = anchor.current;
    if (event.shiftKey && last !== null) {
      for (let n = Math.min(last, index); n <= Math.max(last, index); n += 1) {
        const one = listing.rows.get(n);
        if (one) next.add(one.id);
      }
    } else if (next.has(row.id)) next.delete(row.id);
    else next.add(row.id);
    anchor.current = index;
    choose(next);
  };
  const shown: number[] = [];
  for (let n = from; n < to; n += 1) shown.push(n);
  return (
    <div class="tiles" ref={pane} tabIndex={0} role="group" aria-label={t("library.items")} onScroll={(event) => { const top = event.currentTarget.scrollTop; setSize((before) => ({ ...before, top })); }}>
      <div class="ground" style={{ height: `${Math.ceil(listing.total / columns) * high}px` }}>
        {shown.map((n) => {
          const row = listing.rows.get(n);
          const left = `${((n % columns) * 100) / columns}%`;
          const style = { top: `${Math.floor(n / columns) * high}px`, left, width: `calc(${100 / columns}% - ${TILE.gap}px)`, height: `${TILE.height}px` };
          return row ? <ItemTile key={row.id} row={row} style={style} chosen={chosen.has(row.id)} onPick={(event) => pick(n, row, event)} /> : <div key={n} class="item waiting" style={style} />;
        })}
      </div>
    </div>
  );
}

const viewOfRow = (row: Row) => ({ address: `assets/${row.id}`, page: row.page ?? 1, t0: row.t0 ?? null });

function ItemTile({ row, style, chosen, onPick }: { row: Row; style: Record<string, string>; chosen: boolean; onPick: (event: MouseEvent) => void }) {
  const where = row.t0 != null ? clock(row.t0) : row.page ? t("page.n", { page: row.page }) : row.duration ? clock(row.duration) : "";
  const isOpen = viewOf(useCell(route).query)?.address === `assets/${row.id}`;
  return (
    <div class={chosen ? "item chosen" : "item"} style={style}>
      <button type="button" class="open" aria-current={isOpen ? "true" : undefined} onClick={(event) => (event.ctrlKey || event.metaKey || event.shiftKey ? onPick(event) : look(viewOfRow(row)))} title={row.name}>
        {row.thumbnail ? <img loading="lazy" src={api.thumbnail(`assets/${row.id}`, row.t0, row.page)} alt="" /> : <span class="excerpt">{row.passage || row.text}</span>}
        {where && <span class="moment">{where}</span>}
        <span class="caption"><span class="name">{row.name}</span><small>{[named("kind", row.kind), row.year, row.rating ? `★ ${row.rating.toFixed(1)}` : "", row.strength ? named("strength", row.strength) : ""].filter(Boolean).join(" · ")}</small></span>
      </button>
      <input type="checkbox" checked={chosen} aria-label={t("library.choose", { name: row.name })} onClick={onPick} />
    </div>
  );
}

// ---------------------------------------------------------------- finding

function Search({ about, query }: { about: About; query: URLSearchParams }) {
  const [text, setText] = useState(query.get("q") ?? "");
  const chosen = useRef<HTMLInputElement>(null);
  useEffect(() => setText(query.get("q") ?? ""), [query.get("q")]);
  const search = (change: Record<string, string | null>): void => withQuery({ view: null, ...change });
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (event.key !== "/" || writing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const byPicture = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    if (file.size > about.largest) return note(t("upload.large", { name: file.name }), "problem");
    try {
      const sent = await api.send(file, file.name, () => undefined);
      search({ image: sent.id, like: null });
    } catch (error) {
      problem(error);
    }
  };
  const picture = query.get("image") ? `uploads/${query.get("image")}` : query.get("like") ? `assets/${query.get("like")}` : null;
  return (
    <form class="search" role="search" onSubmit={(event) => { event.preventDefault(); search({ q: text.trim() || null, like: null }); }}>
      {picture && <span class="by"><img src={api.thumbnail(picture)} alt={t("library.byPicture")} /><IconButton icon="close" label={t("library.noPicture")} onClick={() => search({ image: null, like: null })} /></span>}
      {query.get("set") && <span class="by chosen-part">{t("library.part")}<IconButton icon="close" label={t("library.whole")} onClick={() => search({ set: null })} /></span>}
      <input ref={box} type="search" value={text} aria-label={t("library.search")} placeholder={t("library.search")} onInput={(event) => setText(event.currentTarget.value)} onPaste={(event) => void byPicture(event.clipboardData?.files[0])} />
      <input ref={chosen} type="file" accept="image/*,video/*" hidden aria-hidden="true" onChange={(event) => { void byPicture(event.currentTarget.files?.[0]); event.currentTarget.value = ""; }} />
      <IconButton icon="similar" label={t("library.withPicture")} onClick={() => chosen.current?.click()} />
      <button type="submit" class="primary">{t("library.find")}</button>
    </form>
  );
}

function Facets({ facets, query, onToggle, open }: { facets: Page["facets"]; query: URLSearchParams; onToggle: (name: string, value: string) => void; open: boolean }) {
  return (
    <div class={open ? "facets open" : "facets"}>
      {FACETS.map((name) => {
        const values = facets[name] ?? [];
        if (!values.length || (name === "kind" && values.length < 2 && !query.has("kind"))) return null;
        return (
          <fieldset key={name}>
            <legend>{t(`facet.${name}`)}</legend>
            {values.map(([value, n]) => (
              <label key={value}><input type="checkbox" checked={query.getAll(name).includes(value)} onChange={() => onToggle(name, value)} /><span>{name === "kind" ? named("kind", value) : name === "has" ? named("has", value) : value}</span> <small>{n}</small></label>
            ))}
          </fieldset>
        );
      })}
    </div>
  );
}

// ---------------------------------------------------------------- what is chosen

function Chosen({ about, chosen, choose, listed, total }: { about: About; chosen: Set<string>; choose: (ids: Set<string>) => void; listed: string; total: number }) {
  const ids = [...chosen];
  const dialog = useRef<HTMLDialogElement>(null);
  const [asking, setAsking] = useState<"delete" | "tag" | "extract" | null>(null);
  useEffect(() => {
    if (asking) dialog.current?.showModal();
  }, [asking]);
  const end = (): void => {
    dialog.current?.close();
    setAsking(null);
  };
  const [isBusy, setBusy] = useState(false);
  const doing = async (work: () => Promise<string>): Promise<void> => {
    end();
    setBusy(true);
    try {
      note(await work());
      libraryVersion.set(libraryVersion.value + 1);
    } catch (error) {
      problem(error);
    } finally {
      setBusy(false);
    }
  };
  const remove = (): Promise<void> => doing(async () => {
    const { removed } = await api.post<{ removed: number }>("api/items/delete", { ids });
    choose(new Set());
    return t("library.deleted", { n: removed });
  });
  const typed = useRef(""); // tags that could not be given are there for the next try
  const tag = (form: FormData): Promise<void> => doing(async () => {
    typed.current = String(form.get("tags"));
    const words = typed.current.split(",").map((one) => one.trim()).filter(Boolean);
    const { changed } = await api.post<{ changed: number }>("api/items/tag", form.get("how") === "remove" ? { ids, remove: words } : { ids, add: words });
    typed.current = "";
    return t("library.tagged", { n: changed });
  });
  const askAbout = async (): Promise<void> => {
    const items = await Promise.all(ids.slice(0, MOST_ASKED).map((id) => api.item(`assets/${id}`)));
    attached.set(items.filter((one) => one.kind !== "film").map((one) => ({ address: one.address, name: one.name, kind: one.kind })));
    go({ tab: "ask", query: new URLSearchParams() });
  };
  return (
    <div class="chosen" role="toolbar" aria-label={t("library.chosen", { n: ids.length })}>
      <strong role="status">{t("library.chosen", { n: ids.length })}</strong>
      {ids.length < total && <button type="button" class="plain" onClick={() => api.get<{ ids: string[] }>(`api/items/ids?${listed}`).then((found) => choose(new Set(found.ids)), problem)}>{t("library.chooseAll", { n: total })}</button>}
      <button type="button" class="plain" disabled={ids.length > MOST_ASKED} title={ids.length > MOST_ASKED ? t("library.askMost", { n: MOST_ASKED }) : undefined} onClick={() => void askAbout().catch(problem)}><Icon name="ask" /> {t("library.ask")}</button>
      {ids.length === 1 && <button type="button" class="plain" onClick={() => withQuery({ like: ids[0]!, q: null, image: null })}><Icon name="similar" /> {t("library.similar")}</button>}
      <button type="button" class="plain" onClick={() => setAsking("extract")}><Icon name="export" /> {t("library.extract")}</button>
      {about.writable && <button type="button" class="plain" disabled={isBusy} onClick={() => setAsking("tag")}><Icon name="tag" /> {t("library.tag")}</button>}
      {about.writable && <button type="button" class="plain danger" disabled={isBusy} onClick={() => setAsking("delete")}><Icon name="delete" /> {t("library.delete")}</button>}
      {isBusy && <span role="status"><span class="spinner" aria-hidden="true" /> {t("plan.working")}</span>}
      <IconButton icon="close" label={t("library.chooseNone")} onClick={() => choose(new Set())} />
      {asking && (
        <dialog ref={dialog} onClose={end} aria-label={t(`library.${asking}`)}>
          {asking === "delete" && (
            <>
              <p>{t("library.deleteAsk", { n: ids.length })}</p>
              <p class="keep"><button type="button" class="danger" onClick={() => void remove()}>{t("library.delete")}</button><button type="button" onClick={end}>{t("question.cancel")}</button></p>
            </>
          )}
          {asking === "tag" && (
            <form onSubmit={(event) => { event.preventDefault(); void tag(new FormData(event.currentTarget, event.submitter)); }}>
              <label>{t("library.tags")}<input name="tags" required maxLength={200} defaultValue={typed.current} /></label>
              <p class="keep"><button type="submit" name="how" value="add" class="primary">{t("library.tagAdd")}</button><button type="submit" name="how" value="remove">{t("library.tagRemove")}</button><button type="button" onClick={end}>{t("question.cancel")}</button></p>
            </form>
          )}
          {asking === "extract" && <Extract ids={ids} onEnd={end} />}
        </dialog>
      )}
    </div>
  );
}

/** The first rows of a sheet: columns without any value are left out, and values that are not confirmed are marked. */
function Preview({ sheet: { rows: [head = [], ...rows] } }: { sheet: Sheet }) {
  const columns = head.map((name, n) => ({ name, n, confirmed: head.indexOf(`${name}_confirmed`) }))
    .filter(({ name, n }) => name !== "kind" && !name.endsWith("_confirmed") && rows.some((row) => row[n]));
  return (
    <table>
      <thead><tr>{columns.map(({ name }) => <th key={name} scope="col">{named("field", name)}</th>)}</tr></thead>
      <tbody>{rows.slice(0, PREVIEWED).map((row, r) => <tr key={r}>{columns.map(({ name, n, confirmed }) => <td key={name}>{row[confirmed] === "no" ? <Doubt why={t("document.unsure")}>{row[n]}</Doubt> : row[n]}</td>)}</tr>)}</tbody>
    </table>
  );
}

function Extract({ ids, onEnd }: { ids: string[]; onEnd: () => void }) {
  const [kind, setKind] = useState<(typeof READERS)[number]>("invoice");
  const [state, setState] = useState<{ running: string | null; sheets: Sheet[] | null; failed: { name: string; reason: string }[] }>({ running: null, sheets: null, failed: [] });
  const read = async (): Promise<void> => {
    setState({ running: "", sheets: null, failed: [] });
    await api.follow("api/items/extract", { kind, ids }, (name, data) => {
      if (name === "progress") setState((before) => ({ ...before, running: `${data.done} / ${data.total} ${data.name}` }));
      else if (name === "done") setState({ running: null, sheets: data.sheets, failed: data.failed });
      else setState({ running: null, sheets: null, failed: [{ name: "", reason: api.reasonOf(data) }] });
    }).catch((error: unknown) => {
      setState({ running: null, sheets: null, failed: [] });
      problem(error);
    });
  };
  return (
    <div class="extract">
      <p>{t("extract.hint", { n: ids.length })}</p>
      <label>{t("extract.kind")} <select value={kind} onChange={(event) => { setKind(event.currentTarget.value as typeof kind); setState({ running: null, sheets: null, failed: [] }); }}>{READERS.map((one) => <option key={one} value={one}>{named("reader", one)}</option>)}</select></label>
      {state.running !== null && <p role="status"><span class="spinner" aria-hidden="true" /> {t("extract.reading")} {state.running}</p>}
      {state.failed.map((one, n) => <p key={n} class="refused">{one.name} {one.reason}</p>)}
      {state.sheets && !state.sheets.length && <p role="status">{t("extract.none")}</p>}
      {state.sheets?.map((sheet) => (
        <div key={sheet.name} class="wide" tabIndex={0} role="group" aria-label={sheet.name}><Preview sheet={sheet} /></div>
      ))}
      <p class="keep">
        {!state.sheets?.length && <button type="button" class="primary" disabled={state.running !== null} onClick={() => void read()}>{t("extract.read")}</button>}
        {state.sheets && state.sheets.length > 0 && (["csv", "xlsx"] as const).map((form) => <button key={form} type="button" onClick={() => api.saveSheet(`${kind}s`, form, state.sheets!).catch(problem)}>{form.toUpperCase()}</button>)}
        <button type="button" onClick={onEnd}>{t("viewer.close")}</button>
      </p>
    </div>
  );
}
