// The page: its heading, its tabs, the viewer beside them, what is dropped on it, and short notes.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import { addAll, dropped } from "./adding";
import { AskTab, attach, attached, History, whereTo } from "./ask";
import { chosenLanguage, currentLanguage, LANGUAGES, named, t, useLanguage } from "./i18n";
import { LibraryTab, libraryVersion } from "./library";
import { MapTab } from "./maptab";
import { Icon, IconButton, Refusal } from "./parts";
import { go, hashOf, notes, problem, route, unnote, useCell, viewOf, type Tab } from "./state";
import { newTalk, openTalk, talk } from "./talks";
import { Viewer } from "./viewer";
import type { About, Item } from "./types";

const TABS: Tab[] = ["ask", "library", "map"];
const PLACES = "mm-places";
const kept: Partial<Record<Tab, string>> = JSON.parse(sessionStorage.getItem(PLACES) ?? "{}"); // where each tab was left

function App() {
  const [about, setAbout] = useState<About | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [tries, tryAgain] = useState(0);
  const [, again] = useState(0);
  const [history, showHistory] = useState(false);
  const [over, setOver] = useState(false);
  const here = useCell(route);
  const version = useCell(libraryVersion);
  const view = viewOf(here.query);

  useEffect(() => {
    setRefusal(null);
    api.about().then(setAbout, (error: Error) => (about ? problem(error) : setRefusal(error.message)));
  }, [version, tries]);
  useEffect(() => {
    kept[here.tab] = hashOf(here);
    sessionStorage.setItem(PLACES, JSON.stringify(kept));
    if (here.tab === "ask") void openTalk(here.talk).catch(problem);
  }, [here]);
  useEffect(() => {
    // A file that is dropped anywhere is for this page; without this a browser would open it.
    let depth = 0;
    const isFiles = (event: DragEvent): boolean => !!event.dataTransfer?.types.includes("Files");
    const enter = (event: DragEvent): void => {
      if (!isFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (): void => {
      depth -= 1;
      if (depth <= 0) setOver(false);
    };
    const hold = (event: DragEvent): void => {
      if (isFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      depth = 0;
      setOver(false);
      if (!isFiles(event) || !about) return;
      event.preventDefault();
      const data = event.dataTransfer!;
      if (route.value.tab === "library" && about.writable) {
        void dropped(data).then((files) => addAll(files, about, () => libraryVersion.set(libraryVersion.value + 1)), problem);
      } else {
        if (route.value.tab !== "ask") go({ tab: "ask", talk: talk.value.turns.length ? talk.value.id : null, query: new URLSearchParams() });
        void attach([...data.files], about.largest);
      }
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", hold);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", hold);
      removeEventListener("drop", drop);
    };
  }, [about]);

  if (!about) return <div class="loading" role="status">{refusal === null ? t("page.loading") : <Refusal text={refusal} onAgain={() => tryAgain(tries + 1)} />}</div>;
  const show = (tab: Tab): void => {
    const hash = kept[tab];
    if (hash) location.hash = hash;
    else go({ tab, talk: null, query: new URLSearchParams() });
  };
  const askAbout = (item: Item): void => {
    if (!attached.value.some((one) => one.address === item.address)) attached.set([...attached.value, { address: item.address, name: item.name, kind: item.kind }]);
    if (here.tab !== "ask") show("ask");
  };
  return (
    <div class={view && here.tab !== "map" ? "page with-viewer" : "page"}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>(".composer textarea, .search input")?.focus(); }}>{t("page.skip")}</a>
      <header id="head">
        <IconButton icon="menu" label={t("history.title")} pressed={history} onClick={() => showHistory(!history)} />
        <h1>mm-agents</h1>
        <p class="holds"><strong>{about.name}</strong> <span>{holds(about)}</span></p>
        <span class={about.away.length ? "dot away" : "dot"} role="img" aria-label={whereTo(about)} title={whereTo(about)} />
        <div role="tablist" aria-label={t("page.tabs")}>
          {TABS.map((tab) => (
            <button key={tab} type="button" role="tab" id={`tab-${tab}`} aria-selected={here.tab === tab} aria-controls="main" tabIndex={here.tab === tab ? 0 : -1} onClick={() => show(tab)}
              onKeyDown={(event) => {
                const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
                if (!by) return;
                const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]!;
                show(next);
                document.getElementById(`tab-${next}`)?.focus();
              }}>{t(`tab.${tab}`)}</button>
          ))}
        </div>
        <span class="end">
          <button type="button" class="plain" id="new" aria-label={t("ask.new")} title={t("ask.new")} onClick={newTalk}><Icon name="new" /> <span class="wide-only">{t("ask.new")}</span></button>
          <select class="language" aria-label={t("page.language")} value={currentLanguage()} onChange={(event) => {
            const chosen = event.currentTarget.value;
            localStorage.setItem("mm-language", chosen);
            void useLanguage(chosen).then(() => again((n) => n + 1));
          }}>{Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code}>{name}</option>)}</select>
          <Scheme />
          {about.signedIn && <form method="post" action="logout"><button type="submit" class="plain">{t("signIn.leave")}</button></form>}
        </span>
      </header>
      <div class="body">
        {history && <History onClose={() => showHistory(false)} />}
        <main><div id="main" class="whole" role="tabpanel" aria-labelledby={`tab-${here.tab}`}>
          {here.tab === "ask" && <AskTab about={about} />}
          {here.tab === "library" && <LibraryTab about={about} />}
          <div hidden={here.tab !== "map"} class="whole"><MapTab about={about} isHere={here.tab === "map"} /></div>
        </div></main>
        {here.tab !== "map" && <Viewer onAsk={askAbout} />}
      </div>
      {over && <div class="drop"><p>{here.tab === "library" && about.writable ? t("drop.add") : t("drop.attach")}</p></div>}
      <Notes />
    </div>
  );
}

const KINDS = ["image", "video", "audio", "text", "pdf", "film"];

function holds(about: About): string {
  const parts = KINDS.filter((kind) => about.counts[kind]).map((kind) => t(`count.${kind}`, { n: about.counts[kind]! }));
  return parts.length ? parts.join(", ") : t("library.empty");
}

const SCHEMES = ["auto", "light", "dark"] as const;
const GLYPHS = { auto: "◐", light: "☀", dark: "☾" }; // what the list of schemes is for is seen from these

function applyScheme(scheme: string): void {
  if (scheme === "auto") delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = scheme;
}

function Scheme() {
  const [scheme, setScheme] = useState(localStorage.getItem("mm-scheme") ?? "auto");
  return (
    <select aria-label={t("page.scheme")} value={scheme} onChange={(event) => {
      const chosen = event.currentTarget.value;
      localStorage.setItem("mm-scheme", chosen);
      applyScheme(chosen);
      setScheme(chosen);
    }}>{SCHEMES.map((one) => <option key={one} value={one}>{GLYPHS[one]} {named("scheme", one)}</option>)}</select>
  );
}

function Notes() {
  const shown = useCell(notes);
  return (
    <div class="notes" role="status" aria-live="polite">
      {shown.map((one) => (
        <p key={one.id} class={one.kind}>
          {one.text}
          {one.action && <button type="button" onClick={() => { one.action!.run(); unnote(one.id); }}>{one.action.label}</button>}
          <IconButton icon="close" label={t("viewer.close")} onClick={() => unnote(one.id)} />
        </p>
      ))}
    </div>
  );
}

applyScheme(localStorage.getItem("mm-scheme") ?? "auto");
addEventListener("unhandledrejection", (event) => problem(event.reason));
void useLanguage(chosenLanguage()).then(() => {
  const place = document.getElementById("app")!;
  place.replaceChildren(); // what stood there while this was loaded
  render(<App />, place);
});
