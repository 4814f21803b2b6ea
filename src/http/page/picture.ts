// A token's age against its bands, and its next rotation, as a picture with the same facts in words.

import { HOUR_MS, instantMs, inWords } from "../../core/base/instant.ts";
import type { HealthBands } from "../../core/health/health.ts";
import { html, type Markup } from "../markup.ts";

/** In the picture's own units. All bands are equally wide, since the first day matters as much as the second fortnight. */
const BAND = 40;
const BANDS = 5;
const WIDTH = BAND * BANDS;
const MIDDLE = 9;
const TONES = ["green", "green", "yellow", "orange", "red"] as const;

/** The ages, in hours, at which bands begin. */
function limits(bands: HealthBands): readonly number[] {
  return [
    0,
    bands.recently_rotated_hours,
    bands.should_rotate_hours,
    bands.needs_rotation_hours,
    bands.high_risk_hours,
  ];
}

/** The position of an age along the bands. The last band ends at twice the age at which it begins. Older ages stay at its end. */
export function positionOf(ageHours: number, bands: HealthBands): number {
  const starts = limits(bands);
  let band = 0;
  for (const [index, start] of starts.entries()) if (ageHours >= start) band = index;
  const start = starts[band] ?? 0;
  const end = starts[band + 1] ?? 2 * start;
  const share = end > start ? Math.min(1, (ageHours - start) / (end - start)) : 1;
  return Math.round((band + share) * BAND * 10) / 10;
}

/** The ground of every token's picture, drawn once and used by all. */
export function track(): Markup {
  const segments = TONES.map(
    (tone, index) =>
      html`<path class="${tone}" d="M${index * BAND + 0.5} 5h${BAND - 1}v8h-${BAND - 1}z"/>`,
  );
  const ends = segments.slice(1).map((_, index) => `M${(index + 1) * BAND} 3v12`);
  return html`<symbol id="track" viewBox="0 0 ${WIDTH} 18">${segments}<path class="ends" d="${ends.join("")}"/></symbol>`;
}

/** The ends of the bands, in words for people who do not see the scale, as on a phone. */
export function bandWords(bands: HealthBands): string {
  const [, ...ends] = limits(bands);
  return `to ${ends.map((hours) => inWords(hours * HOUR_MS)).join(", ")}, and over`;
}

/** The scale above the pictures, which shows the age at which each band begins. */
export function scale(bands: HealthBands): Markup {
  const [, ...starts] = limits(bands);
  const marks = starts.map(
    (hours, index) =>
      html`<text x="${(index + 1) * BAND}" y="11">${inWords(hours * HOUR_MS)}</text>`,
  );
  return html`<svg class="scale" viewBox="0 0 ${WIDTH} 14" aria-hidden="true">${marks}</svg>`;
}

/** @param ageHours null if the token has no age, or its age is unknown */
export function picture(
  token: { readonly ageHours: number | null; readonly nextDue: string | null },
  bands: HealthBands,
  now: Date,
): Markup {
  const { ageHours, nextDue } = token;
  const due = instantMs(nextDue);
  const later = due === null ? null : Math.max(0, due - now.getTime()) / HOUR_MS;
  const at = ageHours === null ? 0 : positionOf(ageHours, bands);
  const then = later === null ? null : positionOf((ageHours ?? 0) + later, bands);
  const age = ageHours === null ? "no known age" : `${inWords(ageHours * HOUR_MS)} old`;
  const next =
    later === null
      ? "no rotation planned"
      : later === 0
        ? "due now"
        : `rotates in ${inWords(later * HOUR_MS)}`;
  const dueNow = then !== null && then <= at;
  const way = then !== null && !dueNow && html`<path class="way" d="M${at} ${MIDDLE}H${then}"/>`;
  const past = ageHours !== null && html`<path class="past" d="M0 7h${at}v4H0z"/>`;
  const mark = ageHours !== null && !dueNow && html`<circle cx="${at}" cy="${MIDDLE}" r="5"/>`;
  const end =
    then !== null &&
    html`<path class="next${dueNow && html` due`}" d="M${dueNow ? at : then} 2.5l4.5 6.5l-4.5 6.5l-4.5-6.5z"/>`;
  return html`<svg class="age" viewBox="-6 0 ${WIDTH + 12} 18" role="img" aria-label="${age}, ${next}"><use href="#track" width="${WIDTH}" height="18"/>${way}${past}${mark}${end}</svg>`;
}
