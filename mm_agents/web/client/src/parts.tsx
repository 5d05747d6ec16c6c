// Small parts that several places use.
import type { ComponentChildren } from "preact";
import { t } from "./i18n";

const PATHS = {
  ask: "M5 5h14v10H9l-4 4z",
  attach: "M8 12.5 14.5 6a3 3 0 0 1 4.2 4.2l-8 8a5 5 0 0 1-7-7l7.5-7.5",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v10H9zM5 15V5h10",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  down: "M7 4v9l4 7c2 0 2.5-1 2-3l-.5-3H18c1.5 0 2-1 1.5-2.500L18 5c-.3-1-1-1-2-1z",
  edit: "M5 19h3L18 9l-3-3L5 16zM13 8l3 3",
  export: "M12 15V4m-4 4 4-4 4 4M5 14v6h14v-6",
  left: "M14 6l-6 6 6 6",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  menu: "M4 7h16M4 12h16M4 17h16",
  minus: "M6 12h12",
  new: "M12 5v14M5 12h14",
  plus: "M12 6v12M6 12h12",
  right: "M10 6l6 6-6 6",
  send: "M12 19V6m-6 5 6-6 6 6",
  similar: "M4 4h7v7H4zM13 13h7v7h-7zM15 4h5v5M9 20H4v-5",
  stop: "M7 7h10v10H7z",
  again: "M19 12a7 7 0 1 1-2-5l2 2m0-5v5h-5",
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  up: "M7 20v-9l4-7c2 0 2.500 1 2 3l-.5 3H18c1.500 0 2 1 1.500 2.500L18 19c-.3 1-1 1-2 1z",
};
type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d={PATHS[name]} /></svg>
);

interface ButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  pressed?: boolean;
  class?: string;
}

export const IconButton = ({ icon, label, onClick, disabled, pressed, class: more }: ButtonProps) => (
  <button type="button" class={`icon ${more ?? ""}`} title={label} aria-label={label} aria-pressed={pressed} disabled={disabled ?? false} onClick={onClick}>
    <Icon name={icon} />
  </button>
);

/** Words that are not confirmed: marked for the eye, and told to who hears the page. */
export const Doubt = ({ why, children }: { why: string | null; children: ComponentChildren }) => (
  <span class="doubt" title={why ?? undefined}>{children}<span class="unseen"> ({t("claim.unsupported")})</span></span>
);

/** Why something could not be shown, and the button that tries it again. */
export const Refusal = ({ text, onAgain }: { text: string; onAgain: (() => void) | null }) => (
  <div class="refused" role="alert">
    <p>{text}</p>
    {onAgain && <button type="button" onClick={onAgain}><Icon name="again" /> {t("page.again")}</button>}
  </div>
);

export const Badge = ({ kind, children }: { kind: string; children: ComponentChildren }) => <span class={`badge ${kind}`}>{children}</span>;
