// Adding files and folders to the library, with the fate of each; what failed can be tried again.
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import { t } from "./i18n";
import { Icon } from "./parts";
import { Cell, note, useCell } from "./state";
import type { About, Fate } from "./types";

interface Sent {
  name: string;
  file: File;
  upload: string | null;
  state: "waiting" | "sending" | "sent" | "adding" | "added" | "there" | "failed";
  part: number;
  reason: string;
}

const BATCH = 24; // files of one run: few enough that their fates come soon
const LISTED = 200;

const files = new Cell<Sent[]>([]);
const busy = new Cell<string | null>(null);

/** The files of what is dropped, folders with all below them, each with its path. */
export async function dropped(data: DataTransfer): Promise<{ file: File; name: string }[]> {
  const found: { file: File; name: string }[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      if (!file.name.startsWith(".")) found.push({ file, name: entry.fullPath.replace(/^\//, "") });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) return;
      for (const one of part) await walk(one);
    }
  };
  const entries = [...data.items].map((one) => one.webkitGetAsEntry()).filter((one): one is FileSystemEntry => one !== null);
  if (!entries.length) return [...data.files].map((file) => ({ file, name: file.name }));
  for (const one of entries) await walk(one);
  return found;
}

export async function addAll(given: { file: File; name: string }[], about: About, onChange: () => void): Promise<void> {
  const fresh = given.map(({ file, name }): Sent => ({ name, file, upload: null, state: "waiting", part: 0, reason: "" }));
  files.set([...fresh, ...files.value]);
  if (busy.value !== null) return;
  for (;;) {
    const batch = files.value.filter((one) => one.state === "waiting").slice(0, BATCH);
    if (!batch.length) break;
    await run(batch, about);
    onChange();
  }
  busy.set(null);
  const counts = { added: 0, failed: 0 };
  for (const one of files.value) if (one.state === "added" || one.state === "failed") counts[one.state] += 1;
  const failed = counts.failed ? ` ${t("adding.failed", { n: counts.failed })}` : "";
  note(t("adding.done", { n: counts.added }) + failed, counts.failed ? "problem" : "done");
}

const again = (): void => files.set([...files.value]);

async function run(batch: Sent[], about: About): Promise<void> {
  for (const one of batch) {
    busy.set(t("upload.sending", { name: one.name }));
    if (one.file.size > about.largest) {
      Object.assign(one, { state: "failed", reason: t("upload.large", { name: one.name }) });
      continue;
    }
    try {
      one.state = "sending";
      const sent = await api.send(one.file, one.name, (part) => {
        one.part = part;
        again();
      });
      Object.assign(one, { upload: sent.id, state: "sent" });
    } catch (error) {
      Object.assign(one, { state: "failed", reason: error instanceof Error ? error.message : String(error) });
    }
    again();
  }
  const sent = batch.filter((one) => one.state === "sent");
  if (!sent.length) return;
  for (const one of sent) one.state = "adding";
  const failed = (reason: string): void => {
    for (const one of sent) if (one.state === "adding") Object.assign(one, { state: "failed", reason });
  };
  let reached = 0;
  let isInside = false; // all are in, and what is written and said in them is read
  try {
    await api.follow("api/items/add", { uploads: sent.map((one) => one.upload) }, (name, data) => {
      if (name === "progress") {
        isInside ||= data.done < reached;
        reached = data.done;
        const count = `${data.done} / ${data.total} ${data.name}`;
        busy.set(isInside ? `${t("adding.reading")} ${count}` : data.done === data.total ? t("adding.reading") : `${t("adding.adding")} ${count}`);
      } else if (name === "failed") failed(api.reasonOf(data));
      else if (name === "done") {
        for (const fate of data.fates as Fate[]) {
          const one = sent.find((other) => other.upload === fate.upload);
          if (one) Object.assign(one, { state: fate.fate, reason: fate.reason });
        }
      }
    });
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
  }
  again();
}

export function Adding({ about, onChange }: { about: About; onChange: () => void }) {
  const listed = useCell(files);
  const now = useCell(busy);
  const chosen = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => folder.current?.setAttribute("webkitdirectory", ""), []);
  const take = (input: HTMLInputElement): void => {
    const given = [...(input.files ?? [])].filter((file) => !file.name.startsWith(".")).map((file) => ({ file, name: file.webkitRelativePath || file.name }));
    input.value = "";
    void addAll(given, about, onChange);
  };
  const failed = listed.filter((one) => one.state === "failed");
  const retry = (): void => {
    for (const one of failed) Object.assign(one, { state: "waiting", reason: "", part: 0 });
    again();
    void addAll([], about, onChange);
  };
  return (
    <section class="adding" aria-label={t("adding.title")}>
      <p class="keep">
        <input ref={chosen} id="files" type="file" multiple hidden aria-hidden="true" onChange={(event) => take(event.currentTarget)} />
        <input ref={folder} id="folder" type="file" multiple hidden aria-hidden="true" onChange={(event) => take(event.currentTarget)} />
        <button type="button" onClick={() => chosen.current?.click()}><Icon name="plus" /> {t("adding.files")}</button>
        <button type="button" onClick={() => folder.current?.click()}><Icon name="plus" /> {t("adding.folder")}</button>
        <span class="soft wide-only">{t("adding.hint")}</span>
      </p>
      {now !== null && <p role="status" class="soft"><span class="spinner" aria-hidden="true" /> {now}</p>}
      {listed.length > 0 && (
        <details open={now !== null || failed.length > 0 || listed.length < 12}>
          <summary>{t("adding.fates", { n: listed.length })}</summary>
          <ul class="fates">
            {listed.slice(0, LISTED).map((one, n) => (
              <li key={n} class={one.state}><span class="badge">{t(`fate.${one.state}`)}</span> {one.name} {one.reason && <span class="soft">{one.reason}</span>} {one.state === "sending" && <progress value={one.part} aria-label={one.name} />}</li>
            ))}
          </ul>
          <p class="keep">
            {failed.length > 0 && now === null && <button type="button" onClick={retry}>{t("adding.retry", { n: failed.length })}</button>}
            {now === null && <button type="button" onClick={() => files.set([])}>{t("adding.clear")}</button>}
          </p>
        </details>
      )}
    </section>
  );
}
