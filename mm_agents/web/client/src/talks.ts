// Conversations: asking, stopping, editing, queueing, and finding an answer again after a reload.
import * as api from "./api";
import { dropTalk, listTalks, readTalk, writeTalk } from "./db";
import { t } from "./i18n";
import { Cell, go, note, problem, route } from "./state";
import type { Attached, PlanLine, Shown, Talk, Turn } from "./types";

export interface Live {
  turn: number;
  text: string;
  plan: PlanLine[];
  planned: string[];
  scores: Record<string, number>;
}
interface Queued {
  question: string;
  files: Attached[];
}

const WORDLESS = "What is this?"; // what the server is asked of a file that comes without words
const PATIENCE = [500, 1500, 4000]; // milliseconds before a lost connection is tried again

/** Files that this page has sent, by their addresses. */
export const sentFiles = new Map<string, File>();

export const talk = new Cell<Talk>(fresh());
export const live = new Cell<Record<string, Live>>({});
export const queues = new Cell<Record<string, Queued[]>>({});
export const history_ = new Cell<Talk[]>([]);

function fresh(): Talk {
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { id, name: "", at: Date.now(), turns: [] };
}

const open = new Map<string, Talk>(); // talks with something running, so that each has one object

function changed(one: Talk): void {
  open.set(one.id, one);
  if (talk.value.id === one.id) talk.set({ ...one });
  open.set(one.id, talk.value.id === one.id ? talk.value : one);
}

async function keep(one: Talk): Promise<void> {
  await writeTalk(one);
  await listed();
}

export async function listed(): Promise<void> {
  history_.set(await listTalks());
}

export function newTalk(): void {
  talk.set(fresh());
  go({ tab: "ask", talk: null, query: new URLSearchParams() });
}

/** Show the conversation that the address names. */
export async function openTalk(id: string | null): Promise<void> {
  if (id === null) {
    if (talk.value.turns.length) talk.set(fresh());
    return;
  }
  if (talk.value.id === id) return;
  const known = open.get(id) ?? (await readTalk(id));
  if (known === null) {
    note(t("history.gone"), "problem");
    go({ talk: null }, true);
    return;
  }
  talk.set(known);
  open.set(id, known);
  const last = known.turns.length - 1;
  const turn = known.turns[last];
  if (turn && turn.shown === null && turn.problem === null && !live.value[id]) await follow(known, last, null);
}

export async function deleteTalk(id: string): Promise<void> {
  const gone = history_.value.find((one) => one.id === id);
  await dropTalk(id);
  await listed();
  if (talk.value.id === id) newTalk();
  if (gone) {
    const undo = { label: t("history.undo"), run: () => void keep(gone) };
    note(t("history.deleted", { name: gone.name }), "done", undo);
  }
}

export async function renameTalk(id: string, name: string): Promise<void> {
  const one = talk.value.id === id ? talk.value : history_.value.find((other) => other.id === id);
  if (!one || !name.trim()) return;
  const renamed = { ...one, name: name.trim().slice(0, 120) };
  if (talk.value.id === id) talk.set(renamed);
  if (open.has(id)) open.set(id, renamed);
  await keep(renamed);
}

export function exported(one: Talk): string {
  const lines = [`# ${one.name}`, ""];
  for (const turn of one.turns) {
    lines.push(`## ${turn.question}`, "");
    if (turn.files.length) lines.push(...turn.files.map((file) => `- ${file.name}`), "");
    lines.push(turn.shown ? turn.shown.answer.text : (turn.problem ?? ""), "");
    for (const source of turn.shown?.answer.sources ?? []) {
      lines.push(`[${source.number}] ${source.name}${source.quote ? `: “${source.quote.replaceAll("\n", " ")}”` : ""}`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

// ---------------------------------------------------------------- asking

const CLEAR = 0.5; // of the planner's scores, which are about 1 for a question that only one tool fits

function reason({ planned, scores }: Live, tool: string): PlanLine["why"] {
  if (!Object.keys(scores).length) return null;
  return planned.includes(tool) ? ((scores[tool] ?? 0) >= CLEAR ? "clear" : "likely") : "besides";
}

const isAnswered = (turn: Turn): boolean => turn.shown !== null;

export function ask(question: string, files: Attached[], at: number | null = null): void {
  const one = talk.value;
  const words = question.trim() || (files.length ? t("ask.wordless") : "");
  if (!words) return;
  if (live.value[one.id] && at === null) {
    queues.set({ ...queues.value, [one.id]: [...(queues.value[one.id] ?? []), { question: words, files }] });
    return;
  }
  const turns = one.turns.slice(0, at ?? one.turns.length);
  if (turns.length + 1 < one.turns.length) void keep({ ...one, id: fresh().id, name: t("history.before", { name: one.name }) }); // what an edit cuts off
  const turn: Turn = { question: words, files, job: null, shown: null, problem: null, verdict: null, plan: [] };
  const next: Talk = { ...one, name: one.name || words.slice(0, 80), at: Date.now(), turns: [...turns, turn] };
  talk.set(next);
  open.set(next.id, next);
  const isHere = route.value.tab === "ask" && route.value.talk === next.id;
  if (!isHere || route.value.query.has("view")) go({ tab: "ask", talk: next.id, query: new URLSearchParams() }, route.value.tab === "ask");
  void keep(next);
  void follow(next, turns.length, question.trim() || WORDLESS);
}

export function unqueue(index: number): void {
  const id = talk.value.id;
  queues.set({ ...queues.value, [id]: (queues.value[id] ?? []).filter((_, n) => n !== index) });
}

export async function stop(): Promise<void> {
  const one = talk.value;
  const turn = one.turns[live.value[one.id]?.turn ?? -1];
  if (!turn?.job) return;
  await api.post(`api/jobs/${turn.job}/stop`, {}).catch(problem);
}

/** Follow a question to its answer: asked now, or before the page was loaded. */
async function follow(started: Talk, index: number, asked: string | null): Promise<void> {
  const id = started.id;
  const now = (): Talk => (talk.value.id === id ? talk.value : (open.get(id) ?? started));
  const change = (part: Partial<Turn>): void => {
    const one = now();
    changed({ ...one, turns: one.turns.map((turn, n) => (n === index ? { ...turn, ...part } : turn)) });
  };
  const showing = (part: Partial<Live>): void => {
    const before = live.value[id] ?? { turn: index, text: "", plan: [], planned: [], scores: {} };
    live.set({ ...live.value, [id]: { ...before, ...part } });
  };
  let ended = false;
  const told = (name: string, data: any): void => {
    const here = live.value[id]!;
    if (name === "job") {
      change({ job: data.id });
      void keep(now());
    } else if (name === "planned") showing({ planned: data.tools, scores: data.scores });
    else if (name === "called") {
      showing({ plan: [...here.plan, { tool: data.tool, arguments: data.arguments, state: "running", found: null, error: null, why: reason(here, data.tool) }] });
    } else if (name === "progress") {
      showing({ plan: here.plan.map((line) => (line.state === "running" ? { ...line, progress: data } : line)) });
    } else if (name === "returned") {
      const plan = [...here.plan];
      const last = plan.findLastIndex((line) => line.tool === data.tool && line.state === "running");
      if (last >= 0) plan[last] = { ...plan[last]!, state: data.error ? "failed" : "done", found: data.found, error: data.error };
      showing({ plan });
    } else if (name === "token") showing({ text: here.text + data.text });
    else if (name === "answer") {
      ended = true;
      change({ shown: data as Shown, plan: here.plan });
    } else if (name === "stopped") {
      ended = true;
      change({ problem: "", plan: here.plan });
    } else if (name === "failed") {
      ended = true;
      change({ problem: api.reasonOf(data), plan: here.plan });
    }
  };
  showing({ turn: index, text: "", plan: [], planned: [], scores: {} });
  try {
    const begun = (): Promise<void> => begin(id, now().turns.slice(0, index), { question: asked!, files: now().turns[index]!.files.map((file) => file.address) }, told);
    if (asked === null) await again(now().turns[index]?.job ?? null, told);
    else {
      await begun().catch(async (error) => {
        const files = now().turns[index]!.files;
        if (!(error instanceof api.Refused && error.status === 404 && files.some((file) => sentFiles.has(file.address)))) throw error;
        change({ files: await Promise.all(files.map(sentAgain)) });
        await begun();
      });
    }
    const job = now().turns[index]?.job ?? null;
    for (const wait of job === null ? [] : PATIENCE) {
      if (ended) break;
      await new Promise((resolve) => setTimeout(resolve, wait));
      showing({ turn: index, text: "", plan: [], planned: [], scores: {} });
      await again(job, told);
    }
    if (!ended) change({ problem: t("error.connection"), isLost: job !== null });
  } catch (error) {
    if (!ended) change({ problem: error instanceof Error ? error.message : t("error.server") });
  }
  const { [id]: _, ...others } = live.value;
  live.set(others);
  await keep(now());
  const [next, ...rest] = queues.value[id] ?? [];
  if (next && talk.value.id === id) {
    queues.set({ ...queues.value, [id]: rest });
    ask(next.question, next.files);
  }
}

/** A file that a server, which was started since, has lost is sent once more, where this page still has it. */
async function sentAgain(file: Attached): Promise<Attached> {
  const kept = sentFiles.get(file.address);
  if (!kept) return file;
  const { id } = await api.send(kept, file.name, () => undefined);
  sentFiles.set(`uploads/${id}`, kept);
  return { ...file, address: `uploads/${id}` };
}

/** Look for an answer whose connection was lost; ask again where there is none to look for. */
export function retry(index: number): void {
  const one = talk.value;
  const turn = one.turns[index]!;
  if (!turn.isLost) return ask(turn.question, turn.files, index);
  changed({ ...one, turns: one.turns.map((other, n) => (n === index ? { ...turn, problem: null, isLost: false } : other)) });
  void follow(talk.value, index, null);
}

addEventListener("online", () => {
  const lost = talk.value.turns.findIndex((turn) => turn.isLost);
  if (lost >= 0 && !live.value[talk.value.id]) retry(lost);
});

async function begin(id: string, before: Turn[], asked: { question: string; files: string[] }, told: api.Told): Promise<void> {
  const answered = before.filter(isAnswered);
  const sent = { conversation: id, ...asked, after: answered.length };
  try {
    await api.follow("api/ask", sent, told);
  } catch (error) {
    if (error instanceof api.Refused && error.status === 409) {
      const turns = answered.map((turn) => ({ answer: turn.shown!.answer, files: turn.files.map((file) => file.address) }));
      await api.follow("api/ask", { ...sent, history: turns }, told);
    } else if (!(error instanceof api.Refused && error.code === "connection")) throw error;
  }
}

async function again(job: string | null, told: api.Told): Promise<void> {
  if (job === null) throw new Error(t("error.lost"));
  try {
    await api.follow(`api/jobs/${job}`, undefined, told);
  } catch (error) {
    if (error instanceof api.Refused && error.status === 404) throw new Error(t("error.lost"));
  }
}

export async function judge(index: number, verdict: "up" | "down" | null): Promise<void> {
  const one = talk.value;
  const turn = one.turns[index];
  if (!turn?.job) return;
  try {
    await api.post(`api/jobs/${turn.job}/verdict`, { verdict, files: turn.files.map((file) => file.name) });
    const judged = { ...one, turns: one.turns.map((other, n) => (n === index ? { ...other, verdict } : other)) };
    changed(judged);
    await keep(judged);
    if (verdict) note(t("answer.judged"));
  } catch (error) {
    problem(error);
  }
}
