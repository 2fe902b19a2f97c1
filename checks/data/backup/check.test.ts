import { expect, it } from 'vitest';
import { segmentsBehind, type Archiver } from '../archiver.ts';
import { listed, parseInfo } from '../pgbackrest.ts';
import { missingWal } from '../wal.ts';

/** As pgBackRest 2.55 says it, shortened to what is read. */
const said = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"18-1","max":"00000001000000000000000D","min":"000000010000000000000008"}],
"backup":[{"archive":{"start":"00000001000000000000000D","stop":"00000001000000000000000D"},"database":{"id":1,"repo-key":1},"error":false,
"info":{"delta":31387459,"size":31387459},"label":"20261123-135707F","timestamp":{"start":1795442227,"stop":1795442229},"type":"full"}],
"db":[{"id":1,"repo-key":1,"system-id":7711365645153324042,"version":"18"}],"name":"main","status":{"code":0,"message":"ok"}}]`;

it("reads pgbackrest's answer, a number of 64 bits to its last digit", () => {
  expect(parseInfo('Pod shop/db-0', { exitCode: 0, stdout: said, stderr: '' })).toEqual([
    {
      name: 'main',
      repository: 1,
      code: 0,
      status: 'ok',
      systemIds: ['7711365645153324042'],
      cipher: null,
      backups: [
        {
          label: '20261123-135707F',
          type: 'full',
          stoppedAt: 1795442229,
          size: 31387459,
          error: false,
          systemId: '7711365645153324042',
          needs: ['00000001000000000000000D', '00000001000000000000000D'],
          archived: ['000000010000000000000008', '00000001000000000000000D'],
          archiveId: '18-1',
          reference: null,
        },
      ],
    },
  ]);
});

it('knows of which server a backup is, after a stanza-upgrade too', () => {
  const upgraded = said
    .replace('"db":[', '"db":[{"id":2,"repo-key":1,"system-id":7900000000000000001,"version":"19"},')
    .replace('"db":[', '"db":[{"id":3,"repo-key":1,"version":"19"},');
  const [stanza] = parseInfo('Pod shop/db-0', { exitCode: 0, stdout: upgraded, stderr: '' });
  expect(stanza?.backups[0]?.systemId).toBe('7711365645153324042');
  const unknown = said.replaceAll('"database":{"id":1,"repo-key":1}', '"database":{}');
  expect(parseInfo('Pod shop/db-0', { exitCode: 0, stdout: unknown, stderr: '' })[0]?.backups[0]?.systemId).toBe(null);
});

it('does not know of an error flag that is not reported', () => {
  const unknown = said.replace('"error":false,', '');
  expect(parseInfo('Pod shop/db-0', { exitCode: 0, stdout: unknown, stderr: '' })[0]?.backups[0]?.error).toBe(null);
});

/** Two repositories, as reported with pgBackRest's issue 2291: the newest backup and its WAL are in the second one. */
it('looks at each repository by itself', () => {
  const info = (secondArchive: string) => `[{"name":"main","status":{"code":4,"message":"different across repos"},
"repo":[{"key":1,"status":{"code":2,"message":"no valid backups"}},{"key":2,"status":{"code":0,"message":"ok"}}],
"db":[{"id":1,"repo-key":1,"system-id":7123456789012345678},{"id":1,"repo-key":2,"system-id":7123456789012345678}],
"archive":[{"database":{"id":1,"repo-key":1},"min":"000000010000000000000020","max":"000000010000000000000030"},
{"database":{"id":1,"repo-key":2},"min":"000000010000000000000001","max":"${secondArchive}"}],
"backup":[{"label":"20261130-010000F","type":"full","error":false,"database":{"id":1,"repo-key":2},
"archive":{"start":"000000010000000000000018","stop":"000000010000000000000018"},"info":{"size":50000000},
"timestamp":{"start":1796000400,"stop":1796000700}}]}]`;
  const parsed = parseInfo('Pod shop/db-0', { exitCode: 0, stdout: info('000000010000000000000005'), stderr: '' });
  expect(parsed).toMatchObject([
    { repository: 1, code: 2, backups: [] },
    {
      repository: 2,
      code: 0,
      backups: [
        { archived: ['000000010000000000000001', '000000010000000000000005'], systemId: '7123456789012345678' },
      ],
    },
  ]);
});

const MB = 1024 * 1024;
const archiver = (lastArchived: string | null, written: number | null, segmentBytes = 16 * MB) =>
  ({ lastArchived, written, segmentBytes }) as Archiver;

it.each([
  ['the next segment is being written', archiver('000000010000000000000010', 17 * 16 * MB + 5), 0],
  ['two more are complete', archiver('000000010000000000000010', 19 * 16 * MB), 2],
  ['the high half of the number counts', archiver('0000000300000001000000FF', 2 ** 33 + 16 * MB), 1],
  ['segments of a megabyte', archiver('000000010000000100000000', 2 ** 32 + 3 * MB, MB), 2],
  ['a history file is no segment', archiver('00000002.history', 17 * 16 * MB), null],
  ['a standby writes none', archiver('000000010000000000000010', null), null],
  ['nothing was archived', archiver(null, 17 * 16 * MB), null],
])('segments behind: %s', (_, given, behind) => {
  expect(segmentsBehind(given)).toBe(behind);
});

const one = (number: number, timeline = 1): string =>
  `${timeline.toString(16).padStart(8, '0')}${'0'.repeat(8)}${number.toString(16).padStart(8, '0')}`.toUpperCase();
const some = (from: number, to: number, timeline = 1): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => one(from + index, timeline));

it.each([
  ['a whole chain', some(3, 9), [one(3), one(4)], one(9), []],
  ['a hole', some(3, 9).filter((name) => name !== one(6)), [one(3), one(4)], one(9), [one(6)]],
  ['a hole before the end of the backup', [one(3), ...some(5, 9)], [one(3), one(5)], one(9), [one(4)]],
  ['no statistics: the WAL of the backup itself', some(3, 4), [one(3), one(4)], null, []],
  ['a failover', [...some(3, 6), ...some(7, 9, 2), '00000002.history'], [one(3), one(4)], one(9, 2), []],
  ['a failover without history', [...some(3, 6), ...some(7, 9, 2)], [one(3), one(4)], one(9, 2), ['00000002.history']],
  [
    'the old primary went on after the failover, and the new one lacks a segment',
    [...some(3, 9), one(6, 2), ...some(8, 9, 2), '00000002.history'],
    [one(3), one(4)],
    one(9, 2),
    [one(7, 2)],
  ],
  [
    'from one high half of the number to the next',
    ['0000000100000000000000FE', '000000010000000100000000'],
    ['0000000100000000000000FE', '0000000100000000000000FE'],
    '000000010000000100000000',
    ['0000000100000000000000FF'],
  ],
] as const)('WAL that a restore lacks: %s', (_, held, needs, last, missing) => {
  expect(missingWal(held, needs, last, 16 * MB)).toEqual(missing);
});

it('lists each repository as pgbackrest repo-ls says it', async () => {
  const [stanza] = parseInfo('Pod shop/db-0', { exitCode: 0, stdout: said, stderr: '' });
  if (!stanza) throw new Error('no stanza');
  const asked: string[] = [];
  const checksum = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
  const { listing } = await listed('Pod shop/db-0', stanza, (...args) => {
    asked.push(args.join(' '));
    const stdout = args.includes('backup/main')
      ? '20261123-135707F\nbackup.history\nbackup.info\nbackup.info.copy\nlatest\n'
      : `0000000100000000\n0000000100000000/${one(13)}-${checksum}.gz\n0000000100000000/${one(14)}.partial-${checksum}.gz\n0000000100000000/${one(13)}.00000028.backup\n00000002.history\n`;
    return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
  });
  expect(asked).toEqual([
    'repo-ls --repo=1 --recurse --filter=(^|/)(0000000100000000|[0-9A-F]{8}[.]history) archive/main/18-1',
    'repo-ls --repo=1 backup/main',
  ]);
  expect(listing).toEqual({ wal: [one(13), '00000002.history'], folders: ['20261123-135707F'] });
});

it('WAL in segments of 64 MiB wraps at 3F, and labels are no segments', () => {
  const held = ['3C', '3D', '3E', '3F'].map((low) => `000000010000000200000000`.slice(0, 22) + low);
  const after = ['000000010000000300000000', '000000010000000300000001'];
  const [first = '', last = ''] = [held[1], after[1]];
  const all = [...held, `${first}.00000028.backup`, ...after];
  expect(missingWal(all, [first, first], last, 64 * MB)).toEqual([]);
  expect(
    missingWal(
      all.filter((name) => name !== held[3]),
      [first, first],
      last,
      64 * MB,
    ),
  ).toEqual([held[3]]);
});

it('a backup is of the server whose id it names, not of the one that the stanza has now', () => {
  const database = { id: 1, 'repo-key': 1 };
  // pgBackRest writes identifiers of 64 bits as numbers, which a double cannot hold.
  const stdout = JSON.stringify([
    {
      name: 'main',
      status: { code: 0, message: 'ok' },
      repo: [{ key: 1, cipher: 'none', status: { code: 0, message: 'ok' } }],
      db: [
        { ...database, 'system-id': 'OLD', version: '16' },
        { id: 2, 'repo-key': 1, 'system-id': 'NEW', version: '17' },
      ],
      archive: [
        { id: '16-1', database, min: '0000000100000004000000A0', max: '0000000100000004000000C3' },
        { id: '17-2', database: { ...database, id: 2 }, min: one(1), max: one(25) },
      ],
      backup: [{ label: '20261130-030004F', type: 'full', prior: null, reference: null, error: false, database }],
    },
  ])
    .replace('"OLD"', '7201123456789012345')
    .replace('"NEW"', '7580987654321098765');
  const [stanza] = parseInfo('Pod shop/db-0', { exitCode: 0, stdout, stderr: '' });
  expect(stanza).toMatchObject({
    code: 0,
    systemIds: ['7201123456789012345', '7580987654321098765'],
    backups: [{ systemId: '7201123456789012345', archiveId: '16-1' }],
  });
});
