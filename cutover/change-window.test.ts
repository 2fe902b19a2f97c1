import { expect, it } from 'vitest';
import type { Capabilities } from '../checks/contract/capabilities.ts';
import type { ChangeSpans } from '../checks/contract/change-schemas.ts';
import { whyNotNow } from './change-window.ts';

const can = { http: {}, files: {} } as Capabilities;
const now = new Date('2026-12-07T14:30:00Z');
const windows: ChangeSpans[] = [
  { type: 'weekly', days: ['mon'], from: '09:00', to: '16:00', timeZone: 'Europe/Berlin' },
];
const freeze = { type: 'span', name: 'Sale', from: '2026-12-07T00:00:00Z', to: '2026-12-15T00:00:00Z' } as const;

it('says nothing where nothing is declared or the window lasts, and why not otherwise', async () => {
  expect(await whyNotNow(undefined, can, now)).toBeNull();
  expect(await whyNotNow({ windows: windows, lastsMs: 1_800_000 }, can, now)).toBeNull();
  expect(await whyNotNow({ windows: windows, lastsMs: 7_200_000 }, can, now)).toBe(
    'traffic may not be moved now: the change window ends 2026-12-07T15:00:00Z, and the cutover needs 2.0 h. The next window: 2026-12-14T08:00:00Z to 2026-12-14T15:00:00Z',
  );
  expect(await whyNotNow({ windows: windows, freezes: [freeze], lastsMs: 60_000 }, can, now)).toBe(
    'traffic may not be moved now: a freeze (Sale) lasts until 2026-12-15T00:00:00Z. The next window: 2026-12-21T08:00:00Z to 2026-12-21T15:00:00Z',
  );
});

it('throws where a calendar cannot be read: it may hold a freeze', async () => {
  const files = { read: () => Promise.reject(new Error('no such file')) } as unknown as Capabilities['files'];
  const freezes = [{ type: 'icalendar', file: 'freezes.ics' } as const];
  await expect(whyNotNow({ freezes, lastsMs: 1 }, { ...can, files }, now)).rejects.toThrow('no such file');
});
