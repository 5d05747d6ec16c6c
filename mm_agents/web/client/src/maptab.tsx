// The map of the library's vectors, drawn by the server, in a frame of its own.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import { named, t } from "./i18n";
import { route, useCell, withQuery } from "./state";
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
  const [problem, setProblem] = useState<string | null>(null);
  const vector = query.get("vector") ?? about.vectors[0] ?? "";
  const color = query.get("color") ?? "media_type";
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const key = `${vector} ${color}`;
    if (!isHere || !about.map || asked === key) return;
    setAsked(key);
    setProblem(null);
    setProgress({ part: 0, name: "" });
    let last = true;
    const wanted = new URLSearchParams({ vector, color });
    api.follow(`api/map?${wanted}`, undefined, (name, data) => {
      if (!last) return;
      if (name === "progress") setProgress({ part: data.done / Math.max(data.total, 1), name: data.name });
      else if (name === "done") show(data as Drawn);
      else {
        show((before) => (before ? { ...before, address: null } : null));
        setProblem(data.message ?? t("error.server"));
      }
    }).catch((error: Error) => setProblem(error.message)).finally(() => setProgress(null));
  }, [isHere, vector, color]);
  if (!about.map) return <div class="map-tab"><p class="soft" role="status">{t("map.missing")} <code>pip install 'mm-agents[plots]'</code></p></div>;
  const colors = drawn?.colors.length ? drawn.colors : [color];
  return (
    <div class="map-tab">
      <p class="bar">
        <label>{t("map.vector")} <select aria-label={t("map.vector")} value={vector} onChange={(event) => withQuery({ vector: event.currentTarget.value }, true)}>{about.vectors.map((one) => <option key={one} value={one}>{named("vector", one)}</option>)}</select></label>
        <label>{t("map.color")} <select aria-label={t("map.color")} value={drawn?.color ?? color} onChange={(event) => withQuery({ color: event.currentTarget.value }, true)}>{colors.map((one) => <option key={one} value={one}>{named("fact", one)}</option>)}</select></label>
        {drawn?.address && <a class="plain" href={drawn.address} download="map.html">{t("map.download")}</a>}
      </p>
      {progress && <p role="status"><progress value={progress.part} aria-label={t("map.drawing")} /> {t("map.drawing")} {progress.name}</p>}
      {problem && <p class="refused" role="alert">{problem}</p>}
      {drawn && !drawn.assets && <p class="soft" role="status">{t("map.empty")}</p>}
      {drawn?.address && !problem && <p class="soft wide-only">{t("map.hint")}</p>}
      {drawn?.address && !problem && <iframe title={t("map.title", { vector, color: drawn.color })} src={drawn.address} sandbox="allow-scripts allow-downloads" />}
    </div>
  );
}
