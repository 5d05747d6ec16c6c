// The ask tab: the conversation, the box for questions, what is queued, and the conversations of this browser.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { Attachments, TurnView } from "./answer";
import { clock, t } from "./i18n";
import { marksByFile, viewOfSource } from "./marks";
import { Icon, IconButton } from "./parts";
import { Cell, go, marksOf, note, order, problem, useCell } from "./state";
import { ask, deleteTalk, exported, history_, listed, live, queues, renameTalk, sentFiles, stop, talk, unqueue } from "./talks";
import type { About, Attached, Talk } from "./types";

const DRAFT = "mm-draft"; // what is written and attached but not asked yet, so that loading the page again keeps it
const begun = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null") as { text: string; files: Attached[] } | null;
export const attached = new Cell<Attached[]>(begun?.files ?? []);
const draft = new Cell(begun?.text ?? "");
for (const one of [draft, attached]) one.subscribe(() => sessionStorage.setItem(DRAFT, JSON.stringify({ text: draft.value, files: attached.value })));
const sending = new Cell<{ name: string; part: number; stop: AbortController }[]>([]);
const drops = (): boolean => matchMedia("(hover: hover)").matches; // a phone has nothing to drop
const LARGEST_BOX = 180; // pixels

export async function attach(files: Iterable<File>, largest: number): Promise<void> {
  for (const file of files) {
    if (file.size > largest) {
      note(t("upload.large", { name: file.name }), "problem");
      continue;
    }
    const now = { name: file.name, part: 0, stop: new AbortController() };
    sending.set([...sending.value, now]);
    try {
      const sent = await api.send(file, file.name, (part) => {
        now.part = part;
        sending.set([...sending.value]);
      }, now.stop.signal);
      sentFiles.set(`uploads/${sent.id}`, file);
      attached.set([...attached.value, { address: `uploads/${sent.id}`, name: sent.name, kind: sent.kind }]);
    } catch (error) {
      const again = { label: t("page.again"), run: () => void attach([file], largest) };
      if (error instanceof api.Refused) note(`${file.name}: ${error.message}`, "problem", error.code === "connection" || error.status >= 500 ? again : undefined);
    }
    sending.set(sending.value.filter((one) => one !== now));
  }
}

export function AskTab({ about }: { about: About }) {
  const here = useCell(talk);
  const now = useCell(live)[here.id] ?? null;
  const [current, setCurrent] = useState(-1);
  const shownTurn = current >= 0 && current < here.turns.length ? current : here.turns.length - 1;
  const pane = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const count = here.turns.length;

  useEffect(() => {
    const shown = here.turns[shownTurn]?.shown;
    marksOf.set(shown ? marksByFile(shown) : new Map());
    order.set(shown ? shown.answer.sources.flatMap((source) => viewOfSource(shown, source) ?? []) : []);
  }, [here, shownTurn]);

  useEffect(() => {
    following.current = true;
    setCurrent(-1);
  }, [count, here.id]);

  useLayoutEffect(() => {
    // A new question goes to the top, so that its progress and then its answer are read from their beginning.
    if (!following.current || !count) return;
    const last = pane.current?.querySelector(`#turn-${count - 1}`);
    if (last && pane.current) pane.current.scrollTop += last.getBoundingClientRect().top - pane.current.getBoundingClientRect().top - 8;
    if (!now) following.current = false;
  }, [count, here.id, now]);

  return (
    <div class="ask-tab" onDragOver={(event) => event.preventDefault()}>
      <div class="talk" ref={pane} tabIndex={0} role="log" aria-label={t("ask.log")} onWheel={() => (following.current = false)} onTouchMove={() => (following.current = false)} onKeyDown={() => (following.current = false)} onPointerDown={() => (following.current = false)}>
        {count === 0 && <Welcome about={about} />}
        {here.turns.map((turn, n) => <TurnView key={`${here.id} ${n}`} turn={turn} index={n} now={now?.turn === n ? now : null} onCurrent={() => setCurrent(n)} />)}
        {count > 0 && <div class="room" />}
      </div>
      <Composer about={about} running={now !== null} />
    </div>
  );
}

function Welcome({ about }: { about: About }) {
  const [questions, setQuestions] = useState<string[] | null>(null); // none are shown before all are: they would move
  const total = Object.values(about.counts).reduce((sum, n) => sum + n, 0);
  useEffect(() => {
    if (total) api.get<{ questions: string[] }>("api/examples").then((found) => setQuestions(found.questions), () => setQuestions([]));
    else setQuestions([]);
  }, [total]);
  return (
    <div class="welcome">
      <h2>{total ? t("ask.title") : t("ask.emptyTitle")}</h2>
      <p class="soft">{total ? t("ask.hint") : t("ask.emptyHint")} {total > 0 && drops() && t("ask.drop")}</p>
      <p class="chips">{questions ? [...questions, t("ask.what")].map((one) => <button key={one} type="button" class="chip" onClick={() => ask(one, [])}>{one}</button>) : <span class="chip"><span class="spinner" aria-hidden="true" /></span>}</p>
      {!total && about.writable && <button type="button" class="primary" onClick={() => go({ tab: "library" })}>{t("ask.fill")}</button>}
    </div>
  );
}

function Composer({ about, running }: { about: About; running: boolean }) {
  const text = useCell(draft);
  const files = useCell(attached);
  const busy = useCell(sending);
  const here = useCell(talk);
  const waiting = useCell(queues)[here.id] ?? [];
  const box = useRef<HTMLTextAreaElement>(null);
  const chosen = useRef<HTMLInputElement>(null);

  useLayoutEffect(() => {
    if (!box.current) return;
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight, LARGEST_BOX)}px`;
  }, [text]);
  useEffect(() => {
    if (drops()) box.current?.focus();
    const pressed = (event: KeyboardEvent): void => {
      const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        box.current?.focus();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);

  const prompt = drops() ? t("ask.placeholder") : t("ask.write");
  const [held, hold] = useState<number | null>(null); // how many files a question that was asked meanwhile waits for
  const isEmpty = !text.trim() && !files.length && !busy.length;
  const send = (): void => {
    if (isEmpty) return;
    if (busy.length) return hold(files.length + busy.length);
    ask(text, files);
    draft.set("");
    attached.set([]);
  };
  useEffect(() => {
    if (held === null || busy.length) return;
    hold(null);
    if (files.length >= held) send(); // else a file could not be sent: its asker may want to send it again first
  }, [held, busy.length]);
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !text) {
      const last = here.turns.at(-1);
      if (last) {
        event.preventDefault();
        draft.set(last.question);
      }
    } else if (event.key === "Escape" && running) {
      event.preventDefault();
      void stop();
    }
  };
  return (
    <div class="composer">
      {waiting.length > 0 && (
        <ol class="queue" aria-label={t("ask.queue")}>
          {waiting.map((one, n) => <li key={n}><span>{one.question}</span><IconButton icon="close" label={t("ask.unqueue", { name: one.question })} onClick={() => unqueue(n)} /></li>)}
        </ol>
      )}
      <Attachments files={files} onRemove={(n) => attached.set(files.filter((_, i) => i !== n))} />
      {busy.map((one, n) => <p key={n} class="sending" role="status">{t("upload.sending", { name: one.name })} <progress value={one.part} aria-label={one.name} /><IconButton icon="close" label={t("ask.remove", { name: one.name })} onClick={() => one.stop.abort()} /></p>)}
      {held !== null && <p class="sending" role="status">{t("upload.held")}</p>}
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <input ref={chosen} type="file" multiple hidden aria-hidden="true" onChange={(event) => { void attach([...(event.currentTarget.files ?? [])], about.largest); event.currentTarget.value = ""; }} />
        <IconButton icon="attach" label={t("ask.attach")} onClick={() => chosen.current?.click()} />
        <textarea ref={box} rows={1} value={text} aria-label={prompt} placeholder={prompt} onInput={(event) => draft.set(event.currentTarget.value)} onKeyDown={key}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])];
            if (!pasted.length) return;
            event.preventDefault();
            void attach(pasted, about.largest);
          }} />
        {running && <IconButton icon="stop" label={t("ask.stop")} onClick={() => void stop()} class="stop" />}
        <button type="submit" class="icon primary" aria-label={running ? t("ask.later") : t("ask.send")} title={running ? t("ask.later") : t("ask.send")} disabled={isEmpty}><Icon name="send" /></button>
      </form>
      <p class="place">{whereTo(about)}</p>
    </div>
  );
}

export function whereTo(about: About): string {
  const names = about.away.join(", ");
  if (about.asked) return t("place.asked", { names });
  if (about.away.length) return t("place.searched", { names });
  return about.folder ? t("place.here") : t("place.store");
}

// ---------------------------------------------------------------- the conversations of this browser

export function History({ onClose }: { onClose: () => void }) {
  const talks = useCell(history_);
  const here = useCell(talk);
  useEffect(() => void listed(), []);
  const open = (id: string): void => {
    go({ tab: "ask", talk: id, query: new URLSearchParams() });
    if (!matchMedia("(min-width: 1100px)").matches) onClose();
  };
  return (
    <nav class="history" aria-label={t("history.title")}>
      <header><h2>{t("history.title")}</h2><IconButton icon="close" label={t("history.close")} onClick={onClose} /></header>
      {talks.length === 0 && <p class="soft">{t("history.empty")}</p>}
      <ul>{talks.map((one) => <HistoryLine key={one.id} one={one} isHere={one.id === here.id} onOpen={() => open(one.id)} />)}</ul>
      <p class="soft">{t("history.where")}</p>
    </nav>
  );
}

function HistoryLine({ one, isHere, onOpen }: { one: Talk; isHere: boolean; onOpen: () => void }) {
  const [renaming, setRenaming] = useState(false);
  const at = new Date(one.at);
  if (renaming) {
    return (
      <li>
        <form onSubmit={(event) => { event.preventDefault(); void renameTalk(one.id, new FormData(event.currentTarget).get("name") as string); setRenaming(false); }}>
          <input name="name" aria-label={t("history.name")} defaultValue={one.name} ref={(input) => input?.focus()} onBlur={() => setRenaming(false)} onKeyDown={(event) => event.key === "Escape" && setRenaming(false)} />
        </form>
      </li>
    );
  }
  return (
    <li class={isHere ? "here" : ""}>
      <button type="button" class="open" aria-current={isHere ? "true" : undefined} onClick={onOpen}><span>{one.name}</span><small>{at.toLocaleDateString()} {clock(at.getHours() * 60 + at.getMinutes())}</small></button>
      <IconButton icon="edit" label={t("history.rename", { name: one.name })} onClick={() => setRenaming(true)} />
      <IconButton icon="export" label={t("history.export", { name: one.name })} onClick={() => api.save(new Blob([exported(one)], { type: "text/markdown" }), "conversation.md")} />
      <IconButton icon="delete" label={t("history.delete", { name: one.name })} onClick={() => void deleteTalk(one.id).catch(problem)} />
    </li>
  );
}
