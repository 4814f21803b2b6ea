// The badge: the worst status of all tokens, as a small flat picture.
import { worstStatus } from "../core/health/health.ts";
import type { HealthReport } from "../core/health/shapes.ts";
import type { HealthStatus } from "../core/health/status.ts";
import { html, type Markup, markup } from "./markup.ts";

/** The words for each status, and its colour. White text on each has a contrast of at least 4.5 (WCAG 2.2, 1.4.3). */
const FACES: Readonly<Record<HealthStatus, { readonly words: string; readonly color: string }>> = {
  recently_rotated: { words: "ok", color: "#1a7f37" },
  ok: { words: "ok", color: "#1a7f37" },
  should_rotate: { words: "to rotate soon", color: "#7a6400" },
  needs_rotation: { words: "to rotate now", color: "#b35000" },
  high_risk: { words: "at high risk", color: "#c01c28" },
  failing: { words: "failing", color: "#c01c28" },
  never_rotated: { words: "never rotated", color: "#57606a" },
  unknown: { words: "unclear", color: "#57606a" },
};
const NONE = { words: "none declared", color: "#57606a" };

const HEIGHT = 20;
/** Between text and edge, in pixels. */
const PAD = 6;
/** Widths of Verdana and its substitutes at 11 pixels, by kind of character. `textLength` corrects the rest. */
const NARROW = 4;
const WIDE = 9.5;
const USUAL = 7;

/**
 * The badge as SVG, with its words as title.
 * @param label the text at the left
 */
export function badge(report: HealthReport, label: string): string {
  return picture(label, chooseFace(report));
}

/** The state of all tokens in one word, without a count and without a name. */
export function overallBadge(status: HealthStatus | "none"): string {
  return picture("tokens", status === "none" ? NONE : FACES[status]);
}

function picture(
  label: string,
  { words, color }: { readonly words: string; readonly color: string },
): string {
  const [left, right] = [measureText(label), measureText(words)];
  const width = left + right;
  const title = `${label}: ${words}`;
  return markup(
    html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${title}"><title>${title}</title><clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="3"/></clipPath><g clip-path="url(#r)"><path fill="#444c56" d="M0 0h${left}v${HEIGHT}H0z"/><path fill="${color}" d="M${left} 0h${right}v${HEIGHT}H${left}z"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${text(label, 0, left)}${text(words, left, right)}</g></svg>`,
  );
}

/** The number of tokens with the worst status, in words. */
function chooseFace(report: HealthReport): { readonly words: string; readonly color: string } {
  const worst = worstStatus(report);
  if (worst === null) return NONE;
  const { words, color } = FACES[worst];
  if (worst === "ok" || worst === "recently_rotated") return { words, color };
  return { words: `${countTokens(report, worst)} ${words}`, color };
}

/** As `worstStatus`, by the lists first, since a token may be in one of them and `failing`. */
function countTokens(report: HealthReport, worst: HealthStatus): number {
  if (worst === "high_risk") return report.high_risk.length;
  if (worst === "needs_rotation") return report.needs_rotation.length;
  return report.tokens.filter(({ status }) => status === worst).length;
}

function measureText(words: string): number {
  let width = 2 * PAD;
  for (const character of words)
    width += /[ijlftrI1.,:;'!| ]/.test(character)
      ? NARROW
      : /[mwMW]|[^\x20-\x7e]/.test(character)
        ? WIDE
        : USUAL;
  return Math.ceil(width);
}

function text(words: string, x: number, width: number): Markup {
  return html`<text x="${x + PAD}" y="14" textLength="${width - 2 * PAD}">${words}</text>`;
}
