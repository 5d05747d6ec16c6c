// What the server sends. Answers are the JSON of mm_agents.Answer; sources carry no paths.

export type BoxCorners = [number, number, number, number];
type ClaimKind = "read" | "computed" | "counted" | "spoken" | "seen" | "match" | "unsupported";
type Outcome = "answered" | "partial" | "not_found" | "out_of_scope";

export interface Claim {
  text: string;
  sources: number[];
  kind: ClaimKind;
  status: "verified" | "match" | "unverified";
  why: string | null;
  computed: string | null;
  similarity: number | null;
  subject: string | null;
  attribute: string | null;
}

export interface Source {
  number: number;
  name: string;
  media_type: string;
  asset: string;
  sha256: string | null;
  how: string;
  confidence: number | null;
  quote: string | null;
  page: number | null;
  box: BoxCorners | null;
  t0: number | null;
  t1: number | null;
}

interface Step {
  tool: string;
  arguments: Record<string, unknown>;
  seconds: number;
  error: string | null;
}

export interface AnswerDoc {
  question: string;
  text: string;
  outcome: Outcome;
  unanswered: string[];
  claims: Claim[];
  sources: Source[];
  route: Step[];
  checks: { name: string; status: string; detail: string }[];
  cost: { calls: number; tokens: number; seconds: number };
  payloads: Record<string, Payload>;
  model: string | null;
  language: string;
}

export interface Payload {
  source?: { id: string; name: string; media_type: string };
  reading?: Record<string, any>;
  hits?: { id: string; name: string }[];
  [other: string]: unknown;
}

// An answer as the page keeps it: with the addresses of its sources' files, and the names of ids in its plan.
export interface Shown {
  answer: AnswerDoc;
  files: Record<string, string | null>;
  names: Record<string, string>;
}

export interface Attached {
  address: string;
  name: string;
  kind: string;
}

export interface PlanLine {
  tool: string;
  arguments: Record<string, string>;
  state: "running" | "done" | "failed";
  found: number | null;
  progress?: { done: number; total: number }; // of a tool that reads many files
  error: string | null;
  why?: "clear" | "likely" | "besides" | null; // how well the question asks for it
}

export interface Turn {
  question: string;
  files: Attached[];
  job: string | null;
  shown: Shown | null;
  problem: string | null; // why there is no answer; "" where the visitor stopped it
  isLost?: boolean; // the connection was lost while it was being answered: the server may have the answer
  verdict: "up" | "down" | null;
  plan: PlanLine[];
}

export interface Talk {
  id: string;
  name: string;
  at: number;
  turns: Turn[];
}

export interface About {
  name: string;
  counts: Record<string, number>;
  away: string[];
  asked: boolean;
  folder: boolean;
  writable: boolean;
  largest: number;
  signedIn: boolean;
  map: boolean;
  vectors: string[];
}

export interface Row {
  id: string;
  name: string;
  kind: string;
  thumbnail: boolean;
  text: string;
  year: string;
  duration: number | null;
  rating: number | null;
  t0?: number | null;
  t1?: number | null;
  page?: number | null;
  passage?: string;
  strength?: "strong" | "fair" | "weak" | null; // how near what was searched for is, where the embedder is calibrated
}

export interface Page {
  total: number;
  all: number;
  items: Row[];
  facets: Record<string, [string, number][]>;
}

export interface Item {
  address: string;
  name: string;
  kind: string;
  format: string | null;
  pages: number;
  played: boolean;
  problem: string | null;
  size?: number;
  text?: string;
  facts: Record<string, unknown>;
  document?: boolean; // it has so many words that it may be a document
  parts?: { id: string; t0: number | null; t1: number | null; page: number | null; spoken: boolean; text: string; thumbnail: boolean }[];
  objects?: { label: string; score: number; box: BoxCorners; t0: number | null }[];
}

export interface Sheet {
  name: string;
  rows: string[][];
}

export interface Fate {
  upload: string;
  name: string;
  fate: "added" | "there" | "failed";
  reason: string;
  asset: string | null;
}
