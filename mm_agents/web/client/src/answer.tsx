// A question and what came of it: the plan, the answer with its badges, what was found, its sources, what can be done.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { Checks, Crop, Displays, isTile, isWhole, Picture } from "./displays";
import { clock, named, t } from "./i18n";
import { readings, refOf, viewOfSource } from "./marks";
import { Badge, Icon, IconButton } from "./parts";
import { hot, hovers, look, note, useCell } from "./state";
import { ask, judge, retry, type Live } from "./talks";
import { Said } from "./text";
import type { AnswerDoc, Attached, Claim, PlanLine, Shown, Source, Turn } from "./types";

const LISTED = 6; // sources that are shown at once
const [SHORT, LONG] = [3, 8]; // seconds after which a visitor wonders whether it goes on, and why it takes so long

export function TurnView({ turn, index, now, onCurrent }: { turn: Turn; index: number; now: Live | null; onCurrent: () => void }) {
  const [editing, setEditing] = useState(false);
  return (
    <article class="turn" id={`turn-${index}`} onFocusCapture={onCurrent} onPointerDown={onCurrent} onMouseEnter={onCurrent}>
      {editing ? <Editor turn={turn} index={index} onEnd={() => setEditing(false)} /> : <Question turn={turn} onEdit={() => setEditing(true)} running={now !== null} />}
      <div class="answer">
        {now && <Progress live={now} />}
        {!now && turn.problem !== null && (
          <div class="refused" role="alert">
            <p>{turn.problem === "" ? t("answer.stopped") : turn.problem}</p>
            <button type="button" onClick={() => retry(index)}><Icon name="again" /> {turn.isLost ? t("page.again") : t("answer.again")}</button>
          </div>
        )}
        {turn.shown && <Answered turn={turn} shown={turn.shown} index={index} />}
      </div>
    </article>
  );
}

function Question({ turn, onEdit, running }: { turn: Turn; onEdit: () => void; running: boolean }) {
  return (
    <div class="question">
      <Attachments files={turn.files} />
      <h2>{turn.question}</h2>
      {!running && <IconButton icon="edit" label={t("question.edit")} onClick={onEdit} class="quiet" />}
    </div>
  );
}

export function Attachments({ files, onRemove }: { files: Attached[]; onRemove?: (index: number) => void }) {
  if (!files.length) return null;
  return (
    <ul class="attached">
      {files.map((file, n) => (
        <li key={n}>
          <button type="button" class="thumb" onClick={() => look({ address: file.address })} aria-label={t("answer.open", { name: file.name })}>
            <Picture address={file.address} t0={null} page={null} kind={file.kind} />
          </button>
          <span>{file.name}</span>
          {onRemove && <IconButton icon="close" label={t("ask.remove", { name: file.name })} onClick={() => onRemove(n)} />}
        </li>
      ))}
    </ul>
  );
}

function Editor({ turn, index, onEnd }: { turn: Turn; index: number; onEnd: () => void }) {
  const [text, setText] = useState(turn.question);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  const done = (): void => {
    onEnd();
    ask(text, turn.files, index);
  };
  return (
    <form class="editor" onSubmit={(event) => { event.preventDefault(); done(); }}>
      <textarea ref={box} value={text} aria-label={t("question.edit")} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); done(); }
          if (event.key === "Escape") { event.preventDefault(); onEnd(); }
        }} />
      <p class="keep"><button type="submit" class="primary">{t("question.ask")}</button><button type="button" onClick={onEnd}>{t("question.cancel")}</button></p>
    </form>
  );
}

// ---------------------------------------------------------------- on the way

function Progress({ live }: { live: Live }) {
  const [seconds, count] = useState(0);
  useEffect(() => {
    const clock = setInterval(() => count((n) => n + 1), 1000);
    return () => clearInterval(clock);
  }, []);
  return (
    <>
      <div class="steps running" role="status">
        <p><span class="spinner" aria-hidden="true" /> {live.plan.length ? t("plan.working") : t("plan.thinking")} {seconds >= SHORT && <span class="soft" aria-hidden="true">{t("plan.seconds", { s: seconds })}</span>}</p>
        {seconds >= LONG && <p class="soft">{t("plan.long")}</p>}
        <Plan lines={live.plan} waiting={live.planned.filter((tool) => !live.plan.some((line) => line.tool === tool))} />
      </div>
      {live.text && <Said text={live.text} cited={new Set()} onCite={() => undefined} doubts={[]} />}
    </>
  );
}

function Plan({ lines, waiting }: { lines: PlanLine[]; waiting: string[] }) {
  if (!lines.length && !waiting.length) return null;
  return (
    <ol class="plan">
      {lines.map((line, n) => (
        <li key={n} class={line.state}>
          <span class="tool">{named("tool", line.tool)}</span> {Object.keys(line.arguments).length > 0 && <span class="given">{told(line.arguments)}</span>}
          {line.why && <span class="soft"> – {named("why", line.why)}</span>}
          {line.state === "running" && line.progress && <Reading {...line.progress} />}
          {line.found !== null && <span class="soft"> → {t("plan.found", { n: line.found })}</span>}
          {line.error && <span class="soft"> – {line.error}</span>}
        </li>
      ))}
      {waiting.map((tool) => <li key={tool} class="waiting"><span class="tool">{named("tool", tool)}</span></li>)}
    </ol>
  );
}

function Reading({ done, total }: { done: number; total: number }) {
  return <span class="soft"> <progress value={done} max={total} aria-hidden="true" /> {t("plan.read", { done, of: total })}</span>;
}

const told = (given: Record<string, unknown>): string =>
  Object.entries(given).filter(([name, value]) => ["query", "question", "source", "like", "other", "where"].includes(name) && value).map(([, value]) => `“${Array.isArray(value) ? value.join(", ") : String(value)}”`).join(" · ");

// ---------------------------------------------------------------- the answer

function Answered({ turn, shown, index }: { turn: Turn; shown: Shown; index: number }) {
  const { answer } = shown;
  const cited = new Set(answer.sources.map((source) => source.number));
  const cite = (number: number): void => {
    const source = answer.sources.find((one) => one.number === number);
    const view = source && viewOfSource(shown, source);
    if (view) look(view);
    else note(t("answer.gone"), "problem");
  };
  const found = answer.claims.length > 1 && answer.claims.every((claim) => claim.status !== "verified");
  const hasTable = Object.keys(answer.payloads).some((name) => name.startsWith("read_table"));
  const whole = hasTable ? answer.text.split("\n").filter((line) => !line.startsWith("|")).join("\n") : answer.text;
  const { told, questions } = offered(whole);
  const [, heading, list] = /^([^\n]+:)\n+((?:- .+\n*)+)$/.exec(whole.trim()) ?? [];
  const isShown = found ? answer.sources.every((source) => isTile(shown, source)) : readings(shown).some((one) => one.kind === "invoice" && isWhole(shown, one));
  const isFolded = !!list && isShown; // what the list says is seen in a grid or a form
  const text = isFolded ? list : withSubjects(told, answer.claims);
  const doubts = answer.claims.some((claim) => claim.status === "verified") ? answer.claims.filter((claim) => claim.kind === "unsupported") : [];
  const said = <Said text={text} cited={cited} onCite={cite} doubts={doubts} />;
  return (
    <>
      <Standing answer={answer} />
      {isFolded && <p class="heading">{heading}</p>}
      {!found && !isFolded && said}
      <Displays shown={shown} />
      {isFolded ? <details class="steps"><summary>{t("answer.list")}</summary>{said}</details> : found && said}
      {questions.length > 0 && <p class="chips">{questions.map((one) => <button key={one} type="button" class="chip" onClick={() => ask(one, [])}>{one}</button>)}</p>}
      <Sources shown={shown} />
      <Details turn={turn} answer={answer} names={shown.names} />
      <Actions turn={turn} index={index} />
    </>
  );
}

/** Where values of several documents are told, each line says of which. */
function withSubjects(text: string, claims: Claim[]): string {
  const read = claims.filter((claim) => ["read", "computed"].includes(claim.kind) && claim.subject);
  if (new Set(read.map((claim) => claim.subject)).size < 2) return text;
  const subjects = new Map(read.map((claim) => [`${claim.text} ${claim.sources.map((n) => `[${n}]`).join("")}`, claim]));
  return text.split("\n").map((line) => {
    const claim = subjects.get(line);
    return claim && !line.includes(claim.subject!) ? `${claim.subject}: ${line}` : line;
  }).join("\n");
}

/** The badges: of what kind the claims are and whether they were checked, and what was not answered. */
function Standing({ answer }: { answer: AnswerDoc }) {
  const kinds = (["read", "computed", "counted", "spoken", "seen", "match", "unsupported"] as const)
    .map((kind) => ({ kind, claims: answer.claims.filter((claim) => claim.kind === kind) }))
    .filter((group) => group.claims.length);
  if (!kinds.length && answer.outcome === "answered") return null;
  return (
    <div class="standing">
      {answer.outcome !== "answered" && <Badge kind={answer.outcome}>{named("outcome", answer.outcome)}</Badge>}
      {kinds.map(({ kind, claims }) => <ClaimGroup key={kind} kind={kind} claims={claims} />)}
      {answer.unanswered.length > 0 && <p class="unanswered">{t("answer.unanswered")} {answer.unanswered.map((part) => `“${part}”`).join(", ")}</p>}
    </div>
  );
}

function ClaimGroup({ kind, claims }: { kind: string; claims: Claim[] }) {
  const status = claims[0]!.status;
  return (
    <details class="claims">
      <summary><Badge kind={status}>{named("claim", kind)}{claims.length > 1 ? ` · ${claims.length}` : ""}</Badge></summary>
      <p class="soft">{named("proof", kind)}</p>
      <ul>{claims.map((claim, n) => <li key={n}>{claim.text}{claim.why && <span class="soft"> – {claim.why}</span>}</li>)}</ul>
    </details>
  );
}

/** The questions that a refusal offers, which are asked with a click, and the text without them. */
function offered(text: string): { told: string; questions: string[] } {
  const [, before, list] = /^([^]*^What you could ask here:\n+)((?:- .+\n*)+)$/m.exec(text.trim()) ?? [];
  return { told: before ?? text, questions: [...(list ?? "").matchAll(/^- (.+)$/gm)].map((found) => found[1]!) };
}

function Sources({ shown }: { shown: Shown }) {
  const [all, showAll] = useState(false);
  const tiled = new Set(shown.answer.sources.filter((source) => isTile(shown, source)).map((source) => shown.files[source.number]));
  const cited = new Set(shown.answer.claims.flatMap((claim) => claim.sources));
  const isMore = ({ number }: Source): boolean => !cited.has(number) && tiled.has(shown.files[number]); // such as another person in a picture that is shown
  const sources = shown.answer.sources.filter((source) => !isTile(shown, source) && !isMore(source));
  if (!sources.length) return null;
  return (
    <section class="sources" aria-label={t("answer.sources", { n: sources.length })}>
      <h3>{t("answer.sources", { n: sources.length })}</h3>
      <ol>{sources.slice(0, all ? undefined : LISTED).map((source) => <SourceCard key={source.number} shown={shown} source={source} />)}</ol>
      {!all && sources.length > LISTED && <button type="button" class="more" onClick={() => showAll(true)}>{t("answer.all", { n: sources.length })}</button>}
    </section>
  );
}

function SourceCard({ shown, source }: { shown: Shown; source: Source }) {
  const lit = useCell(hot) === refOf(source);
  const view = viewOfSource(shown, source);
  const where = source.t0 !== null ? `${clock(source.t0)}${source.t1 !== null ? ` – ${clock(source.t1)}` : ""}` : source.page && source.media_type === "pdf" ? t("page.n", { page: source.page }) : source.how.startsWith("cell ") ? source.how.slice(5) : "";
  const inside = (
    <>
      <span class="head"><span class="number">{source.number}</span> <span class="name">{source.name}</span> {where && <span class="soft">{where}</span>}</span>
      {view && (source.box
        ? <Crop address={view.address} page={source.page ?? 1} box={source.box} refName={refOf(source)} />
        : source.media_type !== "text" && <span class="page-of"><Picture address={view.address} t0={source.t0} page={source.media_type === "pdf" ? source.page : null} kind={source.media_type} /></span>)}
      {source.quote && <q>{source.quote.length > 160 ? `${source.quote.slice(0, 160)}…` : source.quote}</q>}
    </>
  );
  return (
    <li class={lit ? "lit" : ""}>
      {view ? <button type="button" class="source" {...hovers(refOf(source))} onClick={() => look(view)}>{inside}</button> : <div class="source">{inside}<span class="soft">{t("answer.gone")}</span></div>}
    </li>
  );
}

function Details({ turn, answer, names }: { turn: Turn; answer: AnswerDoc; names: Record<string, string> }) {
  const lines = turn.plan.length
    ? turn.plan
    : answer.route.map((step): PlanLine => ({
        tool: step.tool,
        arguments: Object.fromEntries(Object.entries(step.arguments).map(([name, value]) => [name, names[String(value)] ?? String(value)])),
        state: step.error ? "failed" : "done",
        found: null,
        error: step.error,
      }));
  const failed = answer.checks.some((check) => check.status === "failed");
  if (!lines.length && !answer.checks.length) return null;
  const spent = [t("plan.steps", { n: lines.length }), t("plan.seconds", { s: answer.cost.seconds.toFixed(1) })];
  if (answer.cost.tokens) spent.push(t("plan.tokens", { n: answer.cost.tokens }));
  return (
    <details class="steps" open={failed}>
      <summary>{t("plan.how")} <span class="soft">{spent.join(" · ")}</span></summary>
      <Plan lines={lines} waiting={[]} />
      <Checks checks={answer.checks} />
      <ul class="facts-of">
        {answer.sources.slice(0, 12).map((source) => (
          <li key={source.number}>[{source.number}] {source.name}: {[source.how, source.confidence === null ? "" : `${Math.round(source.confidence * 100)} %`, source.box ? source.box.join(", ") : "", source.sha256 ? `sha256 ${source.sha256.slice(0, 12)}…` : ""].filter(Boolean).join(" · ")}</li>
        ))}
      </ul>
    </details>
  );
}

function Actions({ turn, index }: { turn: Turn; index: number }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async (): Promise<void> => {
    setCopied(await api.copy(turn.shown!.answer.text.trim()));
    setTimeout(() => setCopied(null), 2000);
  };
  const toggle = (verdict: "up" | "down"): void => void judge(index, turn.verdict === verdict ? null : verdict);
  return (
    <p class="actions">
      <button type="button" class="plain" onClick={copy}><Icon name="copy" /> {copied === null ? t("answer.copy") : copied ? t("answer.copied") : t("answer.notCopied")}</button>
      <button type="button" class="plain" onClick={() => ask(turn.question, turn.files, index)}><Icon name="again" /> {t("answer.again")}</button>
      {turn.job && <a class="plain" href={`api/jobs/${turn.job}/answer.html`} download><Icon name="export" /> {t("answer.report")}</a>}
      {turn.job && <a class="plain" href={`api/jobs/${turn.job}/answer.json`} download title={t("answer.json")}>JSON</a>}
      <IconButton icon="up" label={t("answer.right")} pressed={turn.verdict === "up"} onClick={() => toggle("up")} />
      <IconButton icon="down" label={t("answer.wrong")} pressed={turn.verdict === "down"} onClick={() => toggle("down")} />
    </p>
  );
}
