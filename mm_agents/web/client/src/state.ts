// The place that the page shows, as its address has it; what is pointed at; and short notes.
import { useEffect, useState } from "preact/hooks";

export class Cell<T> {
  private readonly listeners = new Set<() => void>();
  constructor(public value: T) {}
  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const one of this.listeners) one();
  }
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useCell<T>(cell: Cell<T>): T {
  const drawn = cell.value;
  const [, again] = useState(0);
  const draw = (): void => again((n) => n + 1);
  useEffect(() => {
    if (!Object.is(drawn, cell.value)) draw(); // it was set after it was drawn, and before this listens
    return cell.subscribe(draw);
  }, [cell]);
  return drawn;
}

// ---------------------------------------------------------------- the address

export type Tab = "ask" | "library" | "map";
interface Route {
  tab: Tab;
  talk: string | null;
  query: URLSearchParams;
}

function readRoute(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [tab = "", talk = ""] = path.split("/");
  return {
    tab: tab === "library" || tab === "map" ? tab : "ask",
    talk: /^[0-9a-f]{32}$/.test(talk) ? talk : null,
    query: new URLSearchParams(query),
  };
}

export const route = new Cell<Route>(readRoute());
addEventListener("hashchange", () => route.set(readRoute()));

export function hashOf({ tab, talk, query }: Route): string {
  const path = tab === "ask" && talk ? `${tab}/${talk}` : tab;
  return `#/${path}${query.size ? `?${query}` : ""}`;
}

export function go(to: Partial<Route>, replace = false): void {
  const next = { ...route.value, ...to };
  const hash = hashOf(next);
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  route.set(next);
}

addEventListener("popstate", () => route.set(readRoute()));

export function withQuery(change: Record<string, string | null>, replace = false): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  go({ query }, replace);
}

// ---------------------------------------------------------------- the viewer

import type { BoxCorners } from "./types";

export interface Mark {
  ref: string; // what it is called in the answer, so that both light up together
  page: number;
  box: BoxCorners;
  label: string;
  kind: "cited" | "read" | "unsure" | "seen";
  path?: [number, number][];
}

export interface View {
  address: string;
  page: number;
  t0: number | null;
  box: BoxCorners | null;
  ref: string | null;
}

export function viewOf(query: URLSearchParams): View | null {
  const address = query.get("view");
  if (!address || !/^(assets|uploads)\/[\w-]+$/.test(address)) return null;
  const box = (query.get("box") ?? "").split(",").map(Number);
  const t0 = query.get("t");
  return {
    address,
    page: Number(query.get("page")) || 1,
    t0: t0 === null || Number.isNaN(Number(t0)) ? null : Number(t0),
    box: box.length === 4 && box.every(Number.isFinite) ? (box as BoxCorners) : null,
    ref: query.get("ref"),
  };
}

export function look(view: Partial<View> & { address: string }, replace = false): void {
  if (!matchMedia("(min-width: 1100px)").matches) hot.set(null);
  withQuery(
    {
      view: view.address,
      page: view.page && view.page > 1 ? String(view.page) : null,
      t: view.t0 == null ? null : String(view.t0),
      box: view.box ? view.box.join(",") : null,
      ref: view.ref ?? null,
    },
    replace || route.value.query.has("view"),
  );
}

export const closeViewer = (): void => withQuery({ view: null, page: null, t: null, box: null, ref: null });

/** What can be looked at beside the chat: the marks of each file, and the order of files for the arrow keys. */
export const marksOf = new Cell<Map<string, Mark[]>>(new Map());
/** What was read in a document that was opened by itself. */
export const readOf = new Cell<Map<string, Mark[]>>(new Map());
export const order = new Cell<(Partial<View> & { address: string })[]>([]);

/** What is pointed at, in the answer or in the viewer. */
export const hot = new Cell<string | null>(null);

export function hovers(ref: string | null) {
  if (ref === null) return {};
  return {
    "data-ref": ref,
    onMouseEnter: () => hot.set(ref),
    onMouseLeave: () => hot.value === ref && hot.set(null),
    onFocus: () => hot.set(ref),
    onBlur: () => hot.value === ref && hot.set(null),
  };
}

// ---------------------------------------------------------------- notes

interface Note {
  id: number;
  text: string;
  kind: "done" | "problem";
  action?: { label: string; run: () => void };
}

export const notes = new Cell<Note[]>([]);
let count = 0;

export function note(text: string, kind: Note["kind"] = "done", action?: Note["action"]): void {
  const id = ++count;
  notes.set([...notes.value.slice(-3), action ? { id, text, kind, action } : { id, text, kind }]);
  setTimeout(() => unnote(id), kind === "done" ? 5000 : 14_000);
}
export const unnote = (id: number): void => notes.set(notes.value.filter((one) => one.id !== id));
export const problem = (error: unknown): void => note(error instanceof Error ? error.message : String(error), "problem");
