/** A change in words, as the page and the terminal say it. */
import { visibleLine } from '../../checks/contract/visible-text.ts';
import type { Change, ItemChange } from '../decide/difference.ts';

export const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  regressed: 'Regressed',
  new: 'New',
  changed: 'Still not good, in another way',
  fixed: 'Fixed',
  gone: 'No longer looked at',
};

/** `pass → fail`. */
export function turnText({ was, now }: ItemChange): string {
  return `${was ?? 'not there'} → ${now ?? 'not there'}`;
}

/** What appeared and what went, a line each. */
export function changeLines({ appeared, vanished, unseen }: ItemChange): readonly string[] {
  return [
    ...appeared.map(({ id, says }) => `+ ${visibleLine(says)} [${id}]`),
    ...vanished.map(({ id, subject }) => `- ${visibleLine(subject)} [${id}]`),
    ...unseen.map(({ id, subject }) => `? ${visibleLine(subject)} [${id}]: nobody could look again`),
  ];
}
