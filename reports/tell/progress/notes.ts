/** Reads what workers say of themselves. It comes as text from other processes, so nothing of its shape is taken for granted. */
import { OUTCOMES } from '../../../checks/contract/outcome.ts';
import { PROGRESS_PREFIX, type OutcomeNote, type ProgressNote } from '../../../checks/contract/progress.ts';

/** Characters of a progress line that are worth reading. */
const LINE_LIMIT = 4_096;

/** The note of one progress line; null when it is none, or is broken. */
export function readProgressNote(line: string): ProgressNote | null {
  if (!line.startsWith(PROGRESS_PREFIX) || line.length > LINE_LIMIT) return null;
  const note = parse(line.slice(PROGRESS_PREFIX.length));
  if (typeof note?.['item'] !== 'string' || typeof note['text'] !== 'string') return null;
  return { item: note['item'], text: note['text'] };
}

/** The outcome an annotation carries; null when it is broken. */
export function readOutcomeNote(text: string): OutcomeNote | null {
  const note = parse(text);
  const outcome = OUTCOMES.find((name) => name === note?.['outcome']);
  if (!note || !outcome) return null;
  const { message, subjects } = note;
  return {
    outcome,
    message: typeof message === 'string' ? message : '',
    subjects: typeof subjects === 'number' ? subjects : 0,
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
