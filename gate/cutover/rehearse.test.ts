import { describe, expect, it } from 'vitest';
import { openJournal } from '../../fixtures/cutover/log.ts';
import { rehearseRollback } from './rehearse.ts';
import { pause, SETTINGS } from './testing.ts';
import { worlds } from './worlds.ts';

const world = worlds();

describe.concurrent('the rehearsal of the way back', () => {
  it('ends at once when it is called back', async () => {
    const one = world();
    one.silent = true;
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const { signal: back } = one.back;
    const rehearsing = rehearseRollback({ settings: SETTINGS, parts: one.parts(), journal, facts, back });
    await pause(100);
    one.callBack({ code: 'interrupted', text: 'The cutover was ended by SIGTERM.' });
    expect(await rehearsing).toBe('refused');
    journal.close();
    expect(journal.events.at(-1)).toMatchObject({ event: 'refused', why: 'The cutover was ended by SIGTERM.' });
    expect(one.sets).toEqual([]);
  });

  it('goes it whole and moves nothing', async () => {
    const one = world();
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const end = await rehearseRollback({
      settings: SETTINGS,
      parts: one.parts(),
      journal,
      facts,
      back: one.back.signal,
    });
    journal.close();
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([0]);
    const acts = journal.events.filter(({ event }) => event !== 'sample' && event !== 'trigger');
    expect(acts.map(({ event }) => event)).toEqual([
      ...['begun', 'rollback-begun', 'rollback-act', 'zero', 'rollback-act', 'rollback-act'],
      ...['verified', 'verified', 'rolled-back'],
    ]);
    const last = (item: string) => journal.events.findLast((one) => one.event === 'trigger' && one.item === item);
    for (const { item } of SETTINGS.triggers)
      expect(last(item)).toMatchObject({ state: 'inactive', value: expect.any(Number) as number });
  });

  it('tells what is not as before', async () => {
    const one = world();
    one.verifies = 'fail';
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    expect(
      await rehearseRollback({ settings: SETTINGS, parts: one.parts(), journal, facts, back: one.back.signal }),
    ).toBe('unverified');
    journal.close();
  });

  it('does not wait for users who were served badly before', { timeout: 60_000 }, async () => {
    const one = world();
    one.really = 100;
    one.failing = 1;
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const settings = { ...SETTINGS, rollbackWithinMs: 600_000 };
    expect(await rehearseRollback({ settings, parts: one.parts(), journal, facts, back: one.back.signal })).toBe(
      'unverified',
    );
    journal.close();
    const users = journal.events.find((event) => event.event === 'verified' && event.item === 'users');
    expect(users).toMatchObject({ outcome: 'fail', message: expect.stringMatching(/requests failed/) as string });
  });
});
