// A source in full: its page with all boxes, a clip at its second, a recording, a text with its passage.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { Document, filmFacts, Picture, READERS } from "./displays";
import { bytes, clock, named, t } from "./i18n";
import { marksOfReading, type Reading } from "./marks";
import { IconButton } from "./parts";
import { usePage, type PagePicture } from "./pages";
import { closeViewer, hot, hovers, look, marksOf, note, order, readOf, useCell, viewOf, route, type Mark, type View } from "./state";
import type { BoxCorners, Item } from "./types";

const NEAR = 6; // pixels by which two boxes of one place may differ

export function Viewer({ onAsk }: { onAsk: (item: Item) => void }) {
  const { query } = useCell(route);
  const view = viewOf(query);
  const [shown, show] = useState<{ item: Item | null; problem: string | null; of: string }>({ item: null, problem: null, of: "" });
  const box = useRef<HTMLElement>(null);
  const before = useRef<Element | null>(null);
  const address = view?.address ?? null;

  useEffect(() => {
    if (address === null) return undefined;
    let here = true;
    before.current = document.activeElement;
    api.item(address).then(
      (item) => here && show({ item, problem: null, of: address }),
      (error: Error) => here && show({ item: null, problem: error.message, of: address }),
    );
    if (!matchMedia("(min-width: 1100px)").matches) box.current?.focus();
    return () => {
      here = false;
    };
  }, [address]);

  useEffect(() => {
    if (address === null) return undefined;
    const pressed = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]")) return;
      const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, video, audio");
      if (event.key === "Escape" && !event.defaultPrevented) leave();
      else if (!writing && (event.key === "ArrowLeft" || event.key === "ArrowRight")) step(event.key === "ArrowRight" ? 1 : -1);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });

  if (view === null) return null;
  const places = order.value;
  const exact = places.findIndex((one) => one.address === view.address && (one.ref ?? null) === view.ref && (one.t0 ?? null) === view.t0);
  const at = exact >= 0 ? exact : places.findIndex((one) => one.address === view.address);
  const step = (by: number): void => {
    const next = places[at < 0 ? 0 : (at + by + places.length) % places.length];
    if (next && places.length > 1) look(next, true);
  };
  const leave = (): void => {
    closeViewer();
    if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
  };
  const item = shown.of === view.address ? shown.item : null;
  const problem = shown.of === view.address ? shown.problem : null;
  const share = async (): Promise<void> => {
    const link = new URL(location.href);
    const kept = new URLSearchParams([...query].filter(([name]) => ["view", "page", "t", "box"].includes(name)));
    link.hash = `#/library?${kept}`;
    note((await api.copy(link.href)) ? t("viewer.copied") : link.href);
  };
  return (
    <aside class="viewer" ref={box} tabIndex={-1} aria-label={t("viewer.title")}>
      <header>
        <h2>{item?.name ?? "…"}</h2>
        <div class="tools">
          {places.length > 1 && <IconButton icon="left" label={t("viewer.previous")} onClick={() => step(-1)} />}
          {places.length > 1 && <IconButton icon="right" label={t("viewer.next")} onClick={() => step(1)} />}
          {item && <IconButton icon="ask" label={t("viewer.ask")} onClick={() => onAsk(item)} />}
          {view.address.startsWith("assets/") && <IconButton icon="link" label={t("viewer.share")} onClick={share} />}
          {item && !item.problem && <a class="icon" href={api.fileOf(view.address)} download={item.name} title={t("viewer.download")} aria-label={t("viewer.download")}><Download /></a>}
          <IconButton icon="close" label={t("viewer.close")} onClick={leave} />
        </div>
      </header>
      {problem && <p class="refused" role="alert">{problem}</p>}
      {item?.problem && item.kind !== "film" && <p class="refused" role="alert">{item.problem}</p>}
      {item && <Content key={view.address} item={item} view={view} />}
      {item && (item.kind === "image" || item.kind === "pdf") && !item.problem && <AsDocument key={view.address} item={item} />}
      {item && <Facts item={item} />}
    </aside>
  );
}

const Download = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11m-5-4 5 5 5-5M5 20h14" /></svg>
);

function Content({ item, view }: { item: Item; view: View }) {
  if (item.kind === "video") return <Clip item={item} view={view} />;
  if (item.kind === "audio") return <Recording item={item} view={view} />;
  if (item.kind === "image" || item.kind === "pdf") return item.problem ? <Small item={item} /> : <Sheet item={item} view={view} />;
  if (item.kind === "film") return <Film item={item} />;
  return <Words item={item} />;
}

const Small = ({ item }: { item: Item }) => <img class="small" src={api.thumbnail(item.address)} alt={item.name} />;

function Film({ item }: { item: Item }) {
  return (
    <div class="film-page">
      <div class="poster"><Picture address={item.address} t0={null} page={null} kind="film" /></div>
      <div>
        <p class="soft">{filmFacts(item)}</p>
        <p>{item.text}</p>
      </div>
    </div>
  );
}

// ---------------------------------------------------------------- pages with boxes

function Sheet({ item, view }: { item: Item; view: View }) {
  const { picture, problem } = usePage(item.address, view.page);
  const read = useCell(readOf).get(item.address);
  const all = useCell(marksOf).get(item.address) ?? read ?? [];
  const [everything, showEverything] = useState(true);
  const [zoom, setZoom] = useState(1);
  const frame = useRef<HTMLDivElement>(null);
  const seen: Mark[] = (item.objects ?? []).map((one, n) => ({ ref: `o:${n}`, page: 1, box: one.box, label: one.label, kind: "seen" }));
  const linked: Mark[] = view.box && !all.some((one) => one.kind === "cited" && one.box.join() === view.box!.join())
    ? [{ ref: view.ref ?? "link", page: view.page, box: view.box, label: "", kind: "cited" }]
    : [];
  const marks = [...linked, ...(all.length || linked.length ? all : seen)]
    .filter((one) => one.page === view.page)
    .map((one) => (one.kind === "cited" && /^(\[\d+\])?$/.test(one.label) ? { ...one, label: [...all, ...seen].find((other) => isSame(one, other) && isNaming(other))?.label ?? one.label } : one))
    .sort((one, other) => Number(one.kind === "cited") - Number(other.kind === "cited")); // what is cited lies on top
  const shown = everything ? marks : marks.filter((one) => one.kind === "cited");
  const target = view.box ?? null;

  useLayoutEffect(() => {
    const pane = frame.current;
    if (!pane || !picture || !target || zoom <= 1) return;
    const scale = pane.scrollWidth / picture.width;
    pane.scrollTo({ left: ((target[0] + target[2]) / 2) * scale - pane.clientWidth / 2, top: ((target[1] + target[3]) / 2) * scale - pane.clientHeight / 2 });
  }, [picture, zoom, view.ref]);

  const wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    setZoom((before) => Math.min(6, Math.max(1, before * (event.deltaY < 0 ? 1.2 : 1 / 1.2))));
  };
  return (
    <>
      <div class="tools below">
        {item.pages > 1 && (
          <span class="pager">
            <IconButton icon="left" label={t("viewer.pageBefore")} disabled={view.page <= 1} onClick={() => look({ address: item.address, page: view.page - 1 }, true)} />
            {t("viewer.page", { page: view.page, pages: item.pages })}
            <IconButton icon="right" label={t("viewer.pageAfter")} disabled={view.page >= item.pages} onClick={() => look({ address: item.address, page: view.page + 1 }, true)} />
          </span>
        )}
        <IconButton icon="minus" label={t("viewer.smaller")} disabled={zoom <= 1} onClick={() => setZoom(Math.max(1, zoom / 1.4))} />
        <span class="zoom" aria-live="polite">{Math.round(zoom * 100)} %</span>
        <IconButton icon="plus" label={t("viewer.larger")} disabled={zoom >= 6} onClick={() => setZoom(Math.min(6, zoom * 1.4))} />
        {marks.some((one) => one.kind !== "cited") && (
          <label class="switch"><input type="checkbox" checked={everything} onChange={(event) => showEverything(event.currentTarget.checked)} />{t("viewer.everything")}</label>
        )}
      </div>
      {problem && <p class="refused" role="alert">{problem}</p>}
      <div class="sheet" ref={frame} onWheel={wheel} tabIndex={0} role="group" aria-label={t("viewer.pageOf", { name: item.name })}>
        {!picture && !problem && <p class="loading" role="status"><span class="spinner" aria-hidden="true" /> {t("page.loading")}</p>}
        {picture && (
          <div class="paper" style={{ width: `${zoom * 100}%` }}>
            <img src={picture.url} alt={t("viewer.pageOf", { name: item.name })} />
            <svg viewBox={`0 0 ${picture.width} ${picture.height}`} preserveAspectRatio="none">
              {shown.map((one) => <Outline key={`${one.ref} ${one.box}`} mark={one} twins={shown.filter((other) => isSame(one, other))} others={shown} picture={picture} />)}
            </svg>
          </div>
        )}
      </div>
      <Legend marks={shown} />
    </>
  );
}

/** Whether a mark's label says more of its place than the words in it do, as a field of an invoice or a thing in a picture does. */
const isNaming = (one: Mark): boolean => one.kind !== "cited" && one.ref !== "f:currency" && !/^[nch]:/.test(one.ref);

/** Whether two marks are of one place, such as a value that was read and is cited. */
const isSame = (one: Mark, other: Mark): boolean =>
  one !== other && !one.path && !other.path && one.box.every((side, n) => Math.abs(side - other.box[n]!) <= NEAR);

/** Where a label has room: above its box, below, or beside it, and on no other box. */
function labelled([x0, y0, x1, y1]: BoxCorners, width: number, size: number, picture: PagePicture, others: BoxCorners[]): [number, number] {
  const left = Math.max(0, Math.min(x0, picture.width - width));
  const gap = size * 0.4;
  const middle = (y0 + y1 + size * 0.7) / 2;
  const places: [number, number][] = [[left, y0 - gap], [left, y1 + size + gap], [x1 + gap, middle], [x0 - width - gap, middle]];
  const isFree = ([x, y]: [number, number]): boolean =>
    x >= 0 && x + width <= picture.width && y - size >= 0 && y <= picture.height &&
    others.every((box) => x > box[2] || x + width < box[0] || y - size > box[3] || y < box[1]);
  return places.find(isFree) ?? (y0 - gap - size >= 0 ? places[0]! : places[1]!);
}

function Outline({ mark, twins, others, picture }: { mark: Mark; twins: Mark[]; others: Mark[]; picture: PagePicture }) {
  const pointed = useCell(hot);
  const lit = pointed === mark.ref || twins.some((one) => one.ref === pointed);
  const isNamed = mark.kind === "cited" || (lit && !twins.some((one) => one.kind === "cited"));
  const [x0, y0, x1, y1] = mark.box;
  const size = Math.max(9, picture.width / 44);
  const pad = Math.max(picture.width, picture.height) / 300;
  if (mark.path) {
    return <polyline class={`edge ${mark.kind}${lit ? " lit" : ""}`} points={mark.path.map((point) => point.join()).join(" ")} {...hovers(mark.ref)} />;
  }
  const [x, y] = isNamed && mark.label
    ? labelled(mark.box, mark.label.length * size * 0.62, size, picture, others.filter((one) => one !== mark && !twins.includes(one) && !one.path).map((one) => one.box))
    : [0, 0];
  return (
    <g class={`mark ${mark.kind}${lit ? " lit" : ""}`} {...hovers(mark.ref)}>
      <rect x={x0 - pad} y={y0 - pad} width={x1 - x0 + 2 * pad} height={y1 - y0 + 2 * pad} rx={pad} />
      {isNamed && mark.label && <text x={x} y={y} font-size={size}>{mark.label}</text>}
      <title>{mark.label}</title>
    </g>
  );
}

function Legend({ marks }: { marks: Mark[] }) {
  const kinds = (["cited", "read", "unsure", "seen"] as const).filter((kind) => marks.some((one) => one.kind === kind));
  if (!kinds.length) return null;
  return (
    <ul class="legend" aria-label={t("viewer.legend")}>
      {kinds.map((kind) => <li key={kind} class={kind}>{named("legend", kind)}</li>)}
    </ul>
  );
}

// ---------------------------------------------------------------- documents

/** What a picture or PDF says as a document: its form, items and checks, each value with its box. An answer shows that itself. */
function AsDocument({ item }: { item: Item }) {
  const isAnswered = useCell(marksOf).has(item.address);
  const [state, setState] = useState<{ running: boolean; of: Reading | null; problem: string | null; isNone: boolean }>({ running: false, of: null, problem: null, isNone: false });
  const here = useRef(true);
  const read = async (kind: string | null): Promise<void> => {
    setState({ running: true, of: null, problem: null, isNone: false });
    try {
      const found = await api.reading(item.address, kind);
      const of = found.kind && found.reading ? { kind: found.kind, address: item.address, name: item.name, reading: found.reading } : null;
      if (!here.current) return;
      readOf.set(new Map(of ? [[item.address, marksOfReading(of)]] : []));
      setState({ running: false, of, problem: null, isNone: !of && kind !== null });
    } catch (error) {
      if (here.current) setState({ running: false, of: null, problem: error instanceof Error ? error.message : String(error), isNone: false });
    }
  };
  useEffect(() => {
    here.current = true;
    if (item.document && !isAnswered) void read(null);
    return () => {
      here.current = false;
      readOf.set(new Map());
    };
  }, [item.address]);
  if (isAnswered) return null;
  return (
    <section class="as-document">
      {state.running
        ? <p role="status"><span class="spinner" aria-hidden="true" /> {t("extract.reading")}</p>
        : <label class="soft">{t("extract.kind")} <select aria-label={t("extract.kind")} value={state.of?.kind ?? ""} onChange={(event) => void read(event.currentTarget.value)}>{!state.of && <option value="" disabled>…</option>}{READERS.map((one) => <option key={one} value={one}>{named("one", one)}</option>)}</select></label>}
      {state.problem && <p class="refused" role="alert">{state.problem}</p>}
      {state.isNone && <p class="soft" role="status">{t("extract.none")}</p>}
      {state.of && <Document of={state.of} />}
    </section>
  );
}

// ---------------------------------------------------------------- clips, recordings, texts

function usePlaces(item: Item, view: View) {
  const player = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const jump = (seconds: number, play = false): void => {
    if (!player.current) return;
    player.current.currentTime = seconds;
    if (play) void player.current.play().catch(() => undefined);
  };
  useEffect(() => {
    const media = player.current;
    if (!media || view.t0 === null) return;
    const at = view.t0;
    if (media.readyState >= 1) jump(at, true);
    else media.addEventListener("loadedmetadata", () => jump(at, true), { once: true });
  }, [view.t0, item.address]);
  return { player, jump };
}

function Clip({ item, view }: { item: Item; view: View }) {
  const { player, jump } = usePlaces(item, view);
  const moments = (item.parts ?? []).filter((one) => !one.spoken && one.thumbnail && one.t0 !== null);
  return (
    <>
      {item.played && !item.problem
        ? <video ref={player} src={api.fileOf(item.address)} controls muted playsInline preload="metadata" aria-label={item.name} />
        : <><p class="soft">{t("viewer.unplayed")}</p><img class="small" src={api.thumbnail(item.address, view.t0)} alt={item.name} /></>}
      {moments.length > 1 && (
        <ol class="strip" aria-label={t("viewer.moments")}>
          {moments.slice(0, 60).map((one) => (
            <li key={one.id}>
              <button type="button" class={view.t0 !== null && one.t0! <= view.t0 && view.t0 < (one.t1 ?? Infinity) ? "here" : ""} onClick={() => { jump(one.t0!, true); look({ address: item.address, t0: one.t0, ref: view.ref }, true); }}>
                <img loading="lazy" src={api.thumbnail(item.address, one.t0)} alt="" />
                <span>{clock(one.t0!)}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      <Spoken item={item} jump={jump} />
    </>
  );
}

function Recording({ item, view }: { item: Item; view: View }) {
  const { player, jump } = usePlaces(item, view);
  return (
    <>
      <img class="wave" src={`api/${item.address}/wave`} alt="" />
      <audio ref={player} src={api.fileOf(item.address)} controls preload="metadata" aria-label={item.name} />
      <Spoken item={item} jump={jump} />
    </>
  );
}

function Spoken({ item, jump }: { item: Item; jump: (seconds: number, play?: boolean) => void }) {
  const sentences = (item.parts ?? []).filter((one) => one.spoken && one.t0 !== null);
  if (!sentences.length) return null;
  return (
    <section>
      <h3>{t("viewer.spoken")}</h3>
      <ol class="sentences">
        {sentences.map((one) => <li key={one.id}><button type="button" onClick={() => jump(one.t0!, true)}>{clock(one.t0!)}</button> {one.text}</li>)}
      </ol>
    </section>
  );
}

function Words({ item }: { item: Item }) {
  return <pre class="words" tabIndex={0} aria-label={item.name}>{item.text}</pre>;
}

function Facts({ item }: { item: Item }) {
  const rows = Object.entries(item.facts).filter(([name, value]) => !["name", "media_type", "paths"].includes(name) && value !== "" && !(Array.isArray(value) && !value.length));
  if (!rows.length) return null;
  return (
    <details class="facts">
      <summary>{t("viewer.facts")}</summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}><dt>{named("fact", name)}</dt><dd>{name === "size" ? bytes(Number(value)) : name === "duration" ? clock(Number(value)) : Array.isArray(value) ? value.join(", ") : String(value)}</dd></div>
        ))}
      </dl>
    </details>
  );
}
