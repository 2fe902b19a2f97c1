/**
 * The page's colours, light and dark. Text pairs keep a contrast of at least 4.5 : 1, drawn signs and borders of controls 3 : 1
 * (WCAG 2.2, 1.4.3 and 1.4.11); `colours.test.ts` computes it from these tables.
 */
export interface Palette {
  readonly page: string;
  /** Cards, code, table heads. */
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  /** Decorative separators only. */
  readonly line: string;
  /** Borders of controls. */
  readonly control: string;
  readonly link: string;
  readonly ok: string;
  readonly bad: string;
  readonly warn: string;
  readonly info: string;
  readonly goPaper: string;
  readonly goInk: string;
  readonly nogoPaper: string;
  readonly nogoInk: string;
  readonly holdPaper: string;
  readonly holdInk: string;
  readonly inserted: string;
  readonly deleted: string;
}
export type ColourName = keyof Palette;

export const LIGHT: Palette = {
  page: '#ffffff',
  surface: '#f3f5f8',
  text: '#1a1d21',
  muted: '#525a66',
  line: '#d3d8e0',
  control: '#727a87',
  link: '#0b57b0',
  ok: '#0f6b3a',
  bad: '#b3161b',
  warn: '#7d4e00',
  info: '#3b4a9e',
  goPaper: '#0f6b3a',
  goInk: '#ffffff',
  nogoPaper: '#b3161b',
  nogoInk: '#ffffff',
  holdPaper: '#ffd166',
  holdInk: '#1a1d21',
  inserted: '#dff3e6',
  deleted: '#fde4e3',
};

export const DARK: Palette = {
  page: '#14171c',
  surface: '#1e232b',
  text: '#e8eaee',
  muted: '#aab2be',
  line: '#39414d',
  control: '#8a93a1',
  link: '#8ab8ff',
  ok: '#6fd69b',
  bad: '#ff9b98',
  warn: '#f2c14e',
  info: '#b3bdff',
  goPaper: '#1c7a47',
  goInk: '#ffffff',
  nogoPaper: '#c0262b',
  nogoInk: '#ffffff',
  holdPaper: '#f2c14e',
  holdInk: '#14171c',
  inserted: '#123a25',
  deleted: '#4a1c1e',
};

/** Every pair the page uses, foreground first, with the contrast it must have. */
export const PAIRS: readonly (readonly [ColourName, ColourName, number])[] = [
  ...(['text', 'muted', 'link', 'ok', 'bad', 'warn', 'info'] as const).flatMap(
    (ink) => [[ink, 'page', 4.5] as const, [ink, 'surface', 4.5] as const] as const,
  ),
  ['goInk', 'goPaper', 4.5],
  ['nogoInk', 'nogoPaper', 4.5],
  ['holdInk', 'holdPaper', 4.5],
  ['text', 'inserted', 4.5],
  ['text', 'deleted', 4.5],
  ['control', 'page', 3],
  ['control', 'surface', 3],
];

/** The palette as CSS custom properties: `--goPaper: #…;`. */
export function customProperties(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, value]) => `--${name}:${String(value)};`)
    .join('');
}

/** Contrast ratio of two `#rrggbb` colours as WCAG 2.2 defines it: 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
