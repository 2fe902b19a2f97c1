/** What a test of a team's spec is handed to say what it saw, as types only. */
import type { Evidence } from './outcome.ts';

export interface SpecEvidence {
  /**
   * Says that a thing was looked at, and what was seen. A test that never calls it proves nothing.
   *
   *     evidence.observe('Shop https://shop.example', 'order 17 was accepted');
   *     evidence.observe('Shop https://shop.example', { type: 'value', title: 'Answer', value: 120, unit: 'ms' });
   *
   * `subject` names the thing: the same name counts as one. Throws a TypeError on what reports could not show.
   */
  observe(subject: string, seen: string | Evidence): void;
}
