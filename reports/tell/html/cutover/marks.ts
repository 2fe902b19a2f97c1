/** The numbered marks of events: the same shape and number on the timeline and in the table of events, told apart without colour. */
import type { CutoverEvent } from '../../../../checks/contract/cutover.ts';
import { html, ownMarkup, type Html } from '../template.ts';
import type { TimedEvent } from './series.ts';

type Shape = 'square' | 'circle' | 'diamond' | 'octagon';
export interface Mark {
  readonly number: number;
  readonly time: number;
  readonly shape: Shape;
  readonly tone: 'plain' | 'good' | 'uneasy' | 'bad';
}
type Look = readonly [Shape, Mark['tone']];

/** More marks than this cannot be told apart: triggers that only waver are then left to the table. */
const MOST_MARKS = 40;

/** Marks by the index of their event. */
export function marksOf(events: readonly TimedEvent[]): ReadonlyMap<number, Mark> {
  const all = events.flatMap(({ event, time }, index) => {
    const look = lookOf(event, () => events.slice(index + 1));
    return look ? [{ event, index, time, look }] : [];
  });
  const wavers = (event: CutoverEvent): boolean => event.event === 'trigger' && event.state !== 'firing';
  const shown = all.length > MOST_MARKS ? all.filter(({ event }) => !wavers(event)) : all;
  return new Map(
    shown.map(({ index, time, look: [shape, tone] }, at) => [index, { number: at + 1, time, shape, tone }]),
  );
}

/** Null for events that no mark stands for. */
function lookOf(event: CutoverEvent, later: () => readonly TimedEvent[]): Look | null {
  switch (event.event) {
    case 'shifting': {
      // One that was never confirmed: nobody knows what the route gives from then on.
      const next = later().find((one) => ['shifted', 'rollback-begun', 'shifting'].includes(one.event.event));
      return next?.event.event === 'shifted' ? null : ['square', 'uneasy'];
    }
    case 'held':
      return ['octagon', 'uneasy'];
    case 'shifted':
    case 'resumed':
      return ['square', 'plain'];
    case 'split':
      return event.verdict === 'proven' ? ['circle', 'plain'] : ['circle', 'bad'];
    case 'trigger':
      return event.state === 'inactive' ? null : ['diamond', event.state === 'firing' ? 'bad' : 'uneasy'];
    case 'rollback-begun':
    case 'zero':
    case 'unfinished':
    case 'refused':
      return ['octagon', 'bad'];
    case 'verified':
      return event.outcome === 'pass' ? ['circle', 'good'] : ['circle', 'bad'];
    case 'rolled-back':
      return event.verified ? ['circle', 'good'] : ['circle', 'bad'];
    case 'finished':
      return ['circle', 'good'];
    default:
      return null;
  }
}

const DRAWINGS: Readonly<Record<Shape, string>> = {
  square: '<rect x="-9" y="-9" width="18" height="18" rx="2"/>',
  circle: '<circle r="9.5"/>',
  diamond: '<path d="M0-12L12 0 0 12-12 0z"/>',
  octagon: '<path d="M-4-10H4L10-4V4L4 10H-4L-10 4V-4z"/>',
};

/** The mark around the point 0,0 of whatever SVG it is put into. */
export function drawMark({ number, shape, tone }: Mark): Html {
  return html`<g class="mark ${tone}">${ownMarkup(DRAWINGS[shape])}<text y="4">${number}</text></g>`;
}

/** The mark as a picture of its own; its number is read out. */
export function markPicture(mark: Mark): Html {
  return html`<svg class="pin" width="24" height="24" viewBox="-12 -12 24 24" role="img" aria-label="${mark.number}">
    ${drawMark(mark)}
  </svg>`;
}

/** Percent of the width that a mark takes on the narrowest screen. */
const MARK_WIDTH = 7.5;
const MOST_ROWS = 7;

/** The row of each mark, so that neighbours do not cover each other; `place` is its percent of the width. */
export function rowsOf(places: readonly number[]): readonly number[] {
  const ends: number[] = [];
  return places.map((place) => {
    const free = ends.findIndex((end) => end + MARK_WIDTH <= place);
    const row = free === -1 ? Math.min(ends.length, MOST_ROWS - 1) : free;
    ends[row] = place;
    return row;
  });
}
