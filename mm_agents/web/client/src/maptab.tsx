// The map of the library's vectors, drawn by the server, in a frame of its own: colours, a search that lights points up, and what
// is chosen on it.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { named, t } from "./i18n";
import { libraryVersion } from "./library";
import { IconButton, Refusal } from "./parts";
import { go, problem as tell, route, useCell, withQuery } from "./state";
import type { About } from "./types";

interface Drawn {
  address: string | null;
  colors: string[];
  color: string;
  assets: number;
  installed: boolean;
}

export function MapTab({ about, isHere }: { about: About; isHere: boolean }) {
  const { query } = useCell(route);
  const [drawn, show] = useState<Drawn | null>(null);
  const [progress, setProgress] = useState<{ part: number; name: string } | null>(null);
  const [problem, setProblem] = useState<{ text: string; isFinal: boolean } | null>(null);
  const asked = useRef(""); // what was asked for last: what comes late of another vector or an older library is dropped
  const version = useCell(libraryVersion);
  const [tries, tryAgain] = useState(0);
  const [place, setPlace] = useState({ vector: "", color: "", words: "" }); // kept while another tab is shown
  if (isHere) {
    const here = { vector: query.get("vector") ?? about.vectors[0] ?? "", color: query.get("color") ?? "", words: query.get("q") ?? "" };
    if (here.vector !== place.vector || here.color !== place.color || here.words !== place.words) setPlace(here);
  }
  const { vector, words } = place;
  useEffect(() => {
    const wanted = `${vector} ${version} ${tries}`;
    if (!isHere || !about.map || !vector || asked.current === wanted) return;
    asked.current = wanted;
    const isLast = (): boolean => asked.current === wanted;
    setProblem(null);
    setProgress({ part: 0, name: "" });
    api.follow(`api/map?${new URLSearchParams({ vector })}`, undefined, (name, data) => {
      if (!isLast()) return;
      if (name === "progress") setProgress({ part: data.done / Math.max(data.total, 1), name: data.name });
      else if (name === "done") show(data as Drawn);
      else {
        show((before) => (before ? { ...before, address: null } : null));
        const isFinal = data.code === "ConfigError"; // fewer than three have the vector
        setProblem({ text: isFinal ? t("map.few") : api.reasonOf(data), isFinal });
      }
    }).catch((error: Error) => isLast() && setProblem({ text: error.message, isFinal: false })).finally(() => isLast() && setProgress(null));
  }, [isHere, vector, version, tries]);
  const color = drawn?.colors.includes(place.color) ? place.color : drawn?.color ?? "";
  const { frame, chosen } = useFrame(drawn?.address ?? null, color, useFound(words));
  if (!about.map) return <div class="map-tab"><p class="soft" role="status">{t("map.missing")} <code>pip install 'mm-agents[plots]'</code></p></div>;
  const isDrawn = !!drawn?.address && !problem;
  const list = async (): Promise<void> => {
    const { set } = await api.post<{ set: string }>("api/items/set", { ids: chosen });
    go({ tab: "library", query: new URLSearchParams({ set }) });
  };
  return (
    <div class="map-tab">
      <div class="bar">
        {isDrawn && <Light words={words} />}
        <label>{t("map.vector")} <select aria-label={t("map.vector")} value={vector} onChange={(event) => withQuery({ vector: event.currentTarget.value }, true)}>{about.vectors.map((one) => <option key={one} value={one}>{named("vector", one)}</option>)}</select></label>
        {isDrawn && <label>{t("map.color")} <select aria-label={t("map.color")} value={color} onChange={(event) => withQuery({ color: event.currentTarget.value }, true)}>{drawn.colors.map((one) => <option key={one} value={one}>{named("fact", one)}</option>)}</select></label>}
        {isDrawn && <a class="plain" href={drawn.address!} download="map.html">{t("map.download")}</a>}
        {isDrawn && <a class="plain" href={`${drawn.address}?png=${encodeURIComponent(color)}`} download="map.png">{t("map.png")}</a>}
      </div>
      {progress && <p role="status"><progress value={progress.part} aria-label={t("map.drawing")} /> {t("map.drawing")} {progress.name}</p>}
      {problem && <Refusal text={problem.text} onAgain={problem.isFinal ? null : () => tryAgain(tries + 1)} />}
      {drawn && !drawn.assets && <p class="soft" role="status">{t("map.empty")}</p>}
      {isDrawn && (chosen.length
        ? <p class="taken" role="status"><button type="button" class="primary" onClick={() => void list().catch(tell)}>{t("map.show", { n: new Set(chosen).size })}</button></p>
        : <p class="soft wide-only">{t("map.hint")}</p>)}
      {isDrawn && <iframe ref={frame} title={t("map.title", { vector, color })} src={drawn.address!} sandbox="allow-scripts allow-downloads" />}
    </div>
  );
}

/** The frame of a map: it hears of the colour and of what is lit as soon as it listens, and says what is chosen on it. */
function useFrame(address: string | null, color: string, lit: string[] | null) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(0); // grows each time that a map is drawn in the frame
  const [chosen, choose] = useState<string[]>([]);
  useEffect(() => {
    const heard = ({ source, data }: MessageEvent): void => {
      if (!frame.current || source !== frame.current.contentWindow) return;
      if (data.ready) setReady((n) => n + 1);
      if (Array.isArray(data.chosen)) choose(data.chosen.map(String));
    };
    addEventListener("message", heard);
    return () => removeEventListener("message", heard);
  }, []);
  useEffect(() => choose([]), [address]);
  useEffect(() => {
    if (ready) frame.current?.contentWindow?.postMessage({ color, lit }, "*"); // the frame is sandboxed: it has no origin
  }, [ready, color, lit]);
  return { frame, chosen };
}

/** The ids of what a search finds; null where nothing is searched for. */
function useFound(words: string): string[] | null {
  const [found, setFound] = useState<string[] | null>(null);
  useEffect(() => {
    setFound(null);
    if (!words) return undefined;
    const stop = new AbortController();
    api.get<{ ids: string[] }>(`api/items/ids?${new URLSearchParams({ q: words })}`, stop.signal).then(
      ({ ids }) => setFound(ids),
      (error: Error) => error.name === "AbortError" || tell(error),
    );
    return () => stop.abort();
  }, [words]);
  return found;
}

function Light({ words }: { words: string }) {
  const [text, setText] = useState(words);
  useEffect(() => setText(words), [words]);
  return (
    <form class="light" role="search" onSubmit={(event) => { event.preventDefault(); withQuery({ q: text.trim() || null }, true); }}>
      <input type="search" value={text} aria-label={t("map.search")} placeholder={t("map.search")} onInput={(event) => setText(event.currentTarget.value)} />
      {words && <IconButton icon="close" label={t("map.dark")} onClick={() => withQuery({ q: null }, true)} />}
    </form>
  );
}
