/** Ratings that people gave, from wherever they are kept, as the moments of two stretches of time. */
import { at, isRecord, listAt, parseJson } from '../../contract/json.ts';
import { ObservationError } from '../../kit/kind.ts';
import type { Moments } from '../../kit/statistics/compare.ts';
import type { Sample } from '../../protocols/prometheus.ts';
import type { Stretch } from '../stretches.ts';

/** So many times the same score on one day. */
export interface Rating {
  /** Unix seconds. */
  readonly at: number;
  readonly score: number;
  readonly count: number;
}

/** Of samples whose label names the score and whose value says how often it was given. */
export function momentsOfSamples(samples: readonly Sample[], label: string): Moments {
  return momentsOfScores(samples.map(({ labels, value }) => ({ score: Number(labels[label]), count: value })));
}
export function momentsWithin(ratings: readonly Rating[], { start, end }: Stretch): Moments {
  return momentsOfScores(ratings.filter((one) => one.at > start && one.at <= end));
}

function momentsOfScores(scores: readonly { readonly score: number; readonly count: number }[]): Moments {
  const counted = scores.filter(({ score, count }) => Number.isFinite(score) && count > 0);
  const total = (of: (score: number) => number): number =>
    counted.reduce((sum, { score, count }) => sum + of(score) * count, 0);
  const count = total(() => 1);
  const mean = total((score) => score) / count;
  return { count, mean, variance: total((score) => (score - mean) ** 2) / (count - 1) };
}

/** Rows `date,score,count`, in this order or as the first line names them; `count` may be left out. */
export function ratingsOfCsv(text: string, where: string): readonly Rating[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const names = head.split(',').map((name) => name.trim().toLowerCase());
  if (!names.includes('date') || !names.includes('score'))
    throw bad(`${where}:1`, 'no heading with date and score, expected "date,score,count"');
  return lines.map((line, index) => {
    const cells = line.split(',').map((cell) => cell.trim());
    return ratingOf(Object.fromEntries(names.map((name, column) => [name, cells[column]])), `${where}:${index + 2}`);
  });
}

/** A list of `{date, score, count}`, or an object that holds it as `ratings`. */
export function ratingsOfJson(text: string, where: string): readonly Rating[] {
  const json = parseJson(text);
  const list = Array.isArray(json) ? json : at(json, 'ratings');
  if (!Array.isArray(list)) throw bad(where, 'no list of ratings, expected [{"date", "score", "count"}]');
  return listAt({ list }, 'list').map((one, index) =>
    ratingOf(isRecord(one) ? one : {}, `${where}, entry ${index + 1}`),
  );
}

function ratingOf(row: Readonly<Record<string, unknown>>, where: string): Rating {
  const number = (value: unknown): number =>
    typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : Number.NaN;
  const [date, score] = [Date.parse(String(row['date'])), number(row['score'])];
  const count = row['count'] === undefined ? 1 : number(row['count']);
  if (!Number.isFinite(date)) throw bad(where, 'the date is none, expected RFC 3339');
  if (!Number.isFinite(score)) throw bad(where, 'the score is no number');
  if (!(Number.isInteger(count) && count >= 0)) throw bad(where, 'the count is no whole number');
  return { at: date / 1000, score, count };
}

const bad = (where: string, what: string): ObservationError =>
  new ObservationError('protocol', `${where}: ${what}.`, { fix: 'Correct the file, or what writes it.' });
