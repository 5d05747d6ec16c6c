// What an answer has on the pages of its sources: the cited places, and all that was read there.
import { named } from "./i18n";
import type { Mark, View } from "./state";
import type { AnswerDoc, BoxCorners, Payload, Shown, Source } from "./types";

interface Place {
  page?: number | null;
  box: BoxCorners | null;
  quote?: string | null;
}

/** The file of a reading: that of a source with its name, else the asset that it names. */
function addressOf(shown: Shown, payload: Payload): string | null {
  const of = payload.source;
  if (!of) return null;
  const source = shown.answer.sources.find((one) => one.asset === of.id) ?? shown.answer.sources.find((one) => one.name === of.name);
  const address = source ? shown.files[source.number] : null;
  return address ?? (/^[0-9a-f-]{36}$/.test(of.id) ? `assets/${of.id}` : null);
}

export interface Reading {
  kind: "invoice" | "table" | "flowchart" | "hidden_text" | "text";
  address: string | null;
  name: string;
  reading: Record<string, any>;
}

/** The documents that an answer cites, as they were read. */
export function readings(shown: Shown): Reading[] {
  const found: Reading[] = [];
  const cited = new Set(shown.answer.sources.flatMap((source) => [source.asset, source.name]));
  for (const [call, payload] of Object.entries(shown.answer.payloads)) {
    const kind = /^read_(invoice|table|flowchart|hidden_text|text)\b/.exec(call)?.[1] as Reading["kind"] | undefined;
    if (!kind || !payload.reading || !payload.source) continue;
    if (!cited.has(payload.source.id) && !cited.has(payload.source.name)) continue;
    const address = addressOf(shown, payload);
    if (found.some((one) => one.kind === kind && one.address === address)) continue;
    found.push({ kind, address, name: payload.source.name, reading: payload.reading });
  }
  return found;
}

const mark = (ref: string, place: Place, label: string, verified: unknown): Mark[] =>
  place.box ? [{ ref, page: place.page ?? 1, box: place.box, label, kind: verified ? "read" : "unsure" }] : [];

export function marksOfReading({ kind, reading }: Reading): Mark[] {
  if (kind === "invoice") {
    const fields = Object.entries({ ...reading.fields, ...reading.details } as Record<string, any>);
    const items = (reading.items ?? []) as any[];
    return [
      ...fields.flatMap(([name, field]) => ((field.evidence ?? []) as Place[]).flatMap((place) => mark(`f:${name}`, place, named("field", name), field.verified))),
      ...items.flatMap((item, n) => (item.evidence as any[]).flatMap((place) => mark(`i:${n}:${place.field}`, place, `${n + 1} · ${named("field", place.field)}`, place.verified))),
    ];
  }
  if (kind === "table") {
    return (reading.cells as any[]).flatMap((cell) => mark(`c:${cell.row},${cell.column}`, { page: reading.page, box: cell.box }, cell.text, cell.verified && !cell.doubt));
  }
  if (kind === "flowchart") {
    const nodes = (reading.nodes as any[]).flatMap((node) => mark(`n:${node.id}`, { box: node.box }, node.text || named("shape", node.shape), !node.unsure.length));
    const edges = (reading.edges as any[]).map((edge, n): Mark => {
      const xs = edge.path.map((point: number[]) => point[0]);
      const ys = edge.path.map((point: number[]) => point[1]);
      const box: BoxCorners = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      return { ref: `e:${n}`, page: 1, box, label: edge.label, kind: edge.unsure.length ? "unsure" : "read", path: edge.path };
    });
    return [...edges, ...nodes];
  }
  if (kind === "hidden_text") return (reading.lines as any[]).flatMap((line, n) => mark(`h:${n}`, { box: line.box }, line.text, line.verified));
  return [];
}

const labelOf = (answer: AnswerDoc, source: Source): string => {
  const claim = answer.claims.find((one) => one.sources.includes(source.number));
  return claim?.attribute ? named("field", claim.attribute) : `[${source.number}]`;
};

export const refOf = (source: { number: number }): string => `s:${source.number}`;

/** By file: the cited places first, then all that was read. */
export function marksByFile(shown: Shown): Map<string, Mark[]> {
  const found = new Map<string, Mark[]>();
  const add = (address: string | null | undefined, marks: Mark[]): void => {
    if (address) found.set(address, [...(found.get(address) ?? []), ...marks]);
  };
  for (const source of shown.answer.sources) {
    if (!source.box) continue;
    add(shown.files[source.number], [{ ref: refOf(source), page: source.page ?? 1, box: source.box, label: labelOf(shown.answer, source), kind: "cited" }]);
  }
  for (const reading of readings(shown)) add(reading.address, marksOfReading(reading));
  return found;
}

export function viewOfSource(shown: Shown, source: Source): (Partial<View> & { address: string }) | null {
  const address = shown.files[source.number];
  return address ? { address, page: source.page ?? 1, t0: source.t0, box: source.box, ref: refOf(source) } : null;
}
