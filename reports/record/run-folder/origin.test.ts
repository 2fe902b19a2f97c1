import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addProofs, readProofs } from '../proofs.ts';
import { originOf } from './origin.ts';

it('is who CI says started the job, and where to look', () => {
  const github = {
    GITHUB_ACTOR: 'ada',
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_REPOSITORY: 'org/app',
    GITHUB_RUN_ID: '7',
    GITHUB_SHA: 'a'.repeat(40),
  };
  const ci = 'https://github.example/org/app/actions/runs/7';
  expect(originOf(github)).toEqual({ actor: 'ada', ci, commit: 'a'.repeat(40) });
  expect(originOf({ GITLAB_USER_LOGIN: 'bob', CI_JOB_URL: 'https://u:secret@gitlab.example/j/1' })).toEqual({
    actor: 'bob',
    ci: 'https://gitlab.example/j/1',
  });
});

it('is the user of this machine without CI, and nothing that is no page or no commit', () => {
  expect(originOf({}).actor).toMatch(/^[^@]+@[^@]+$/);
  const odd = originOf({ GITHUB_ACTOR: 'a\u202eb', BUILD_URL: 'javascript:alert(1)', GIT_COMMIT: 'main' });
  expect(odd).toEqual({ actor: 'a⟨U+202E⟩b' });
});

it('keeps what drills have shown, item by item', () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-proofs-'));
  try {
    expect(readProofs(root).size).toBe(0);
    addProofs(
      root,
      [
        { item: 'A', faults: ['one', 'two'] },
        { item: 'B', faults: [] },
      ],
      new Date('2027-03-01T12:00:00Z'),
    );
    addProofs(root, [{ item: 'C', faults: ['three'] }], new Date('2027-03-02T12:00:00Z'));
    expect([...readProofs(root)]).toEqual([
      ['A', { at: '2027-03-01T12:00:00.000Z', fault: 'one' }],
      ['C', { at: '2027-03-02T12:00:00.000Z', fault: 'three' }],
    ]);
    mkdirSync(join(root, '.golive'), { recursive: true });
    writeFileSync(join(root, '.golive', 'proofs.json'), '{"A": 1');
    expect(readProofs(root).size).toBe(0);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
