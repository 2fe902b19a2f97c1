/** The whole checklist on a platform that is as it should be, and what it leaves behind. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandLines } from '../../harness/process-tree.ts';
import { look } from '../../harness/platform-leftovers.ts';
import {
  summary,
  passedItems,
  phaseDecisions,
  PlatformProject,
  redItems,
  until,
} from '../../harness/platform-project.ts';
import { findSecrets, namesIn } from '../../harness/platform-secrets.ts';

/** A whole run takes two minutes on a machine of its own. */
const LIMIT = 400_000;
/** What waits for people: each signature, and the approval that they make together. */
const WAITS = ['people/signature', 'people/approval'];
const DECISIONS = { phase1: 'GO', phase2: 'GO', phase3: 'GO', phase4: 'GO', phase5: 'GO', final: 'HOLD' };

let project: PlatformProject;
let made: PlatformProject | undefined;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Ids of the items that somebody has built and a program can judge, as the project's own files name them; `waiting`: the others. */
function builtItems(phase = 'phase1|phase2|phase3|phase4|phase5|final', waiting = false): readonly string[] {
  const folder = join(project.root, 'specs', 'code-platform');
  const { phases } = load(readFileSync(join(folder, 'checklist.yaml'), 'utf8')) as { phases: readonly string[] };
  return phases
    .map((file) => load(readFileSync(join(folder, file), 'utf8')) as PhaseFile)
    .filter((file) => phase.split('|').includes(file.phase))
    .flatMap(({ items }) => items)
    .filter(({ kind }) => kind !== 'planned' && WAITS.includes(kind) === waiting)
    .map(({ id }) => id);
}
interface PhaseFile {
  readonly phase: string;
  readonly items: readonly { readonly id: string; readonly kind: string }[];
}

/** Names of users stand in the environment file, certificates are for everybody. */
const PUBLIC = /(-user|\.crt)$/;

/** Every value of the platform that must stay where it is, by name: of a file, or of a Secret's key. */
async function secretsOf(): Promise<Readonly<Record<string, string>>> {
  const files = join(project.rehearsalDir, 'secrets');
  const written = readdirSync(files).map((name) => [name, readFileSync(join(files, name), 'utf8').trim()] as const);
  const list = await (await project.cluster()).get('/api/v1/namespaces/mcp-production/secrets');
  const held = (list['items'] as { metadata: { name: string }; data: Readonly<Record<string, string>> }[]).flatMap(
    ({ metadata, data }) =>
      Object.entries(data)
        .filter(([key]) => !PUBLIC.test(key))
        .flatMap(([key, value]) =>
          partsOf(Buffer.from(value, 'base64').toString('utf8')).map(
            (part, index) => [`${metadata.name}/${key} ${index + 1}`, part] as const,
          ),
        ),
  );
  const kubeconfig = readFileSync(join(project.rehearsalDir, 'kubeconfig'), 'utf8');
  const tokens = [...kubeconfig.matchAll(/token: (\S+)/g)].map(([, token = ''], index) => [
    `kubeconfig token ${index + 1}`,
    token,
  ]);
  return Object.fromEntries([...written, ...held, ...tokens]) as Readonly<Record<string, string>>;
}

/** What of a value nobody could guess: of a key in PEM its lines, of an address its password, of a list of users their hashes. */
function partsOf(value: string): readonly string[] {
  return value.match(/[\w+/=$]{20,}/g) ?? [];
}

it(
  'every built item passes, nothing but signatures is missing, they make it GO, and no secret leaves',
  { timeout: LIMIT },
  async () => {
    const secrets = await secretsOf();
    const names = Object.keys(secrets);
    expect(names).toEqual(
      expect.arrayContaining([
        'api-admin-password',
        'api-password',
        'grafana-token',
        'pgbouncer-stats-password',
        'postgres-password',
        'redis-golive-password',
        'redis-password',
        'registry-puller-password',
        'registry-pusher-password',
        'kubeconfig token 1',
      ]),
    );
    expect([...new Set(names.flatMap((name) => /^\S+\/\S+/.exec(name) ?? []))]).toEqual(
      expect.arrayContaining([
        'mcp-gateway-tls/tls.key',
        'mcp-secrets/api-admin-password',
        'mcp-secrets/api-password',
        'mcp-secrets/database-url',
        'mcp-secrets/jwt-secret',
        'mcp-secrets/postgres-password',
        'mcp-secrets/redis-password',
        'mcp-secrets/redis-url',
        'pgbouncer-tls/tls.key',
        'pgbouncer-users/userlist.txt',
        'postgres-tls/tls.key',
        'redis-tls/tls.key',
        'redis-users/users.acl',
        'registry-pull/.dockerconfigjson',
      ]),
    );
    for (const [name, value] of Object.entries(secrets)) expect(value.length, name).toBeGreaterThanOrEqual(20);
    // The search finds what is there.
    expect(findSecrets(join(project.rehearsalDir, 'secrets'), secrets)).toContain(
      'api-password: mcp-secrets/api-password 1',
    );

    const run = project.start();
    const shown = new Set<string>();
    let over = false;
    const ended = run.ended.finally(() => (over = true));
    await until(
      'the run ends',
      () => {
        for (const { command } of commandLines()) shown.add(command);
        return over;
      },
      LIMIT,
    );
    const result = await ended;

    const waiting = Object.fromEntries(builtItems('final', true).map((id) => [id, 'pending']));
    expect(Object.keys(waiting)).toHaveLength(7);
    expect(redItems(result), result.output).toEqual(waiting);
    const built = builtItems();
    expect(built.length).toBeGreaterThan(140);
    // The rehearsal has no mesh.
    expect(passedItems(result)).toEqual(built.filter((id) => id !== 'P1-NWS-004'));
    expect(phaseDecisions(result)).toEqual(DECISIONS);
    expect(summary(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
    expect(new Set(result.decision?.reasons.map(({ code }) => code))).toEqual(new Set(['unsigned']));
    expect(result.decision).toMatchObject({ readiness: 'GO' });
    expect(result.decision?.environment.name).toBe('rehearsal');
    expect(result.output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
    for (const report of ['index.html', 'junit.xml', 'playwright/index.html'])
      expect(existsSync(join(project.root, 'reports/out', report)), report).toBe(true);
    expect(readFileSync(join(project.root, 'reports/out/index.html'), 'utf8')).toContain('P1-CON-004');

    // Playwright's page names its tests in a packed archive only: the search looks into it.
    const packed = join(project.root, 'reports/out/playwright');
    expect(readFileSync(join(packed, 'index.html'), 'latin1')).not.toContain('P1-CON-004');
    expect(findSecrets(packed, { packed: 'P1-CON-004' })).toContain('index.html: packed');
    expect(findSecrets(join(project.root, 'reports/out'), secrets)).toEqual([]);
    for (const folder of ['runs', 'ledger', 'test-results'])
      expect(findSecrets(join(project.root, '.golive', folder), secrets)).toEqual([]);
    expect(findSecrets(join(project.rehearsalDir, 'logs'), secrets)).toEqual([]);
    expect(namesIn([result.output], secrets)).toEqual([]);
    expect([...shown].some((command) => command.includes('playwright'))).toBe(true);
    expect([...shown].filter((command) => namesIn([command], secrets).length > 0)).toEqual([]);
    const page = (): string => readFileSync(join(project.root, 'reports/out/index.html'), 'utf8');
    expect(page()).toMatch(/<title>[^<]*HOLD/);
    const signed = await project.golive(['sign', '--rehearsal']);
    expect(signed.exitCode, signed.stdout).toBe(0);
    expect(page()).toMatch(/<title>[^<]*GO/);
    expect(JSON.parse(readFileSync(join(project.root, 'reports/out/decision.json'), 'utf8'))).toMatchObject({
      decision: 'GO',
      readiness: 'GO',
    });

    // A kept rehearsal outlives the run, the run's own processes do not.
    expect(look(project, project.rehearsalPid()).processes.filter(({ command }) => /playwright/.test(command))).toEqual(
      [],
    );
  },
);

it('phase 3 alone: GO, exit code 0', { timeout: LIMIT }, async () => {
  const result = await project.run(['--project=phase3']);
  expect(redItems(result), result.output).toEqual({});
  expect(passedItems(result)).toEqual(builtItems('phase3'));
  expect(phaseDecisions(result)).toEqual({ phase3: 'GO' });
  expect(summary(result)).toMatchObject({ exitCode: 0, selected: 'GO' });
  const verified = await project.golive(['verify']);
  expect(verified.exitCode, verified.stdout).toBe(0);
  expect(verified.stdout).toMatch(/^The ledger is sound: \d runs, /);
});
