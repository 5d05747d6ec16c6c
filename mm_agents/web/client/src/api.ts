// Requests to the server. Addresses are relative, so that the page works below any path of a proxy.
import type { About, Item, Page, Sheet } from "./types";
import { t } from "./i18n";

export class Refused extends Error {
  constructor(message: string, readonly status: number, readonly code: string) {
    super(message);
  }
}

const refusalOf = (told: any, status: number): Refused => new Refused(status === 401 ? t("error.signIn") : reasonOf(told?.error ?? {}), status, told?.error?.code ?? "");

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null); // a proxy's page, or the guard's line
  throw refusalOf(told, answer.status);
}

export async function request(path: string, options: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(t("error.connection"), 0, "connection");
  }
  return checked(answer);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, signal ? { signal } : {})).json();
}

function posted(body: unknown): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  return (await request(path, posted(body))).json();
}

const OWN = ["full", "busy"]; // failures that the page has words of its own for

/** Why something failed, in the visitor's language where the page knows the failure. */
export const reasonOf = ({ message, code }: { message?: string | null; code?: string }): string => (code && OWN.includes(code) ? t(`error.${code}`) : message || t("error.server"));

export type Told = (name: string, data: any) => void;

/** Follow a stream of server-sent events to its end. */
export async function follow(path: string, body: unknown, told: Told, signal?: AbortSignal): Promise<void> {
  const options: RequestInit = body === undefined ? {} : posted(body);
  const answer = await request(path, signal ? { ...options, signal } : options);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let piece: ReadableStreamReadResult<string>;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Refused(t("error.connection"), 0, "connection");
    }
    if (piece.done) return;
    rest += piece.value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const found = /^event: (.*)\ndata: (.*)$/s.exec(block);
      if (found) told(found[1]!, JSON.parse(found[2]!));
    }
  }
}

export const about = () => get<About>("api/page");
export const item = (address: string) => get<Item>(`api/${address}`);
export const reading = (address: string, kind: string | null) => get<{ kind: "invoice" | "table" | "flowchart" | null; reading: Record<string, any> | null }>(`api/${address}/reading${kind ? `?kind=${kind}` : ""}`);
export const items = (query: URLSearchParams, signal?: AbortSignal) => get<Page>(`api/items?${query}`, signal);

export const thumbnail = (address: string, t0?: number | null, page?: number | null): string => {
  const query = new URLSearchParams();
  if (t0 != null) query.set("t", String(t0));
  if (page != null) query.set("page", String(page));
  return `api/${address}/thumbnail${query.size ? `?${query}` : ""}`;
};
export const fileOf = (address: string): string => `api/${address}/file`;

/** Send a file; `progress` hears from 0 to 1, and `stop` ends it. */
export function send(file: File, name: string, progress: (part: number) => void, stop?: AbortSignal): Promise<{ id: string; name: string; kind: string; size: number }> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `api/uploads?name=${encodeURIComponent(name)}`);
    sending.responseType = "json";
    sending.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    sending.onload = () => {
      if (sending.status === 200) resolve(sending.response);
      else reject(refusalOf(sending.response, sending.status));
    };
    sending.onabort = () => reject(new DOMException("", "AbortError"));
    stop?.addEventListener("abort", () => sending.abort());
    sending.onerror = () => reject(new Refused(t("error.connection"), 0, "connection"));
    sending.send(file);
  });
}

export async function saveSheet(name: string, form: "csv" | "xlsx", sheets: Sheet[]): Promise<void> {
  const answer = await request("api/sheet", posted({ name, form, sheets }));
  save(await answer.blob(), `${name}.${form}`);
}

export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Browsers give the clipboard to pages over TLS and of this machine; elsewhere a selection is copied. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.readOnly = true;
    box.className = "unseen";
    const before = document.activeElement;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}
