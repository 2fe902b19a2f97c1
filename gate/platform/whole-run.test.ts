/** The whole checklist on a platform that is as it should be, and what it leaves behind. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandLines, look } from '../testing/platform-leftovers.ts';
import { gist, passedItems, phaseDecisions, PlatformProject, redItems, until } from '../testing/platform-project.ts';
import { findSecrets, namesIn } from '../testing/platform-secrets.ts';

const LIMIT = 120_000;
const BUILT = {
  phase1:
    'P1-CLU-001 P1-CLU-002 P1-CLU-003 P1-CLU-005 P1-DAT-001 P1-SEC-001 P1-CON-002 P1-CON-003 P1-CON-004 P1-CON-005',
  phase2: 'P2-DEP-002 P2-HEA-001 P2-HEA-002 P2-API-001 P2-API-002 P2-FLO-001',
  phase3: 'P3-LOA-001 P3-MET-001 P3-MET-002 P3-MET-003 P3-MET-004',
  phase5: 'P5-HEA-001 P5-SEC-003',
} as const;
const GO = { phase1: 'GO', phase2: 'GO', phase3: 'GO', phase4: 'HOLD', phase5: 'GO', final: 'HOLD' };

let project: PlatformProject;
let made: PlatformProject | undefined;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Every value of the platform that must stay where it is, by name. */
async function secretsOf(): Promise<Readonly<Record<string, string>>> {
  const files = join(project.rehearsalDir, 'secrets');
  const written = readdirSync(files).map((name) => [name, readFileSync(join(files, name), 'utf8').trim()] as const);
  const secret = await (await project.cluster()).get('/api/v1/namespaces/mcp-production/secrets/mcp-secrets');
  const held = Object.entries(secret['data'] as Record<string, string>)
    // The user's name is no secret: the environment file says it.
    .filter(([key]) => key !== 'api-user')
    .map(([key, value]) => [`mcp-secrets/${key}`, Buffer.from(value, 'base64').toString('utf8')] as const);
  const kubeconfig = readFileSync(join(project.rehearsalDir, 'kubeconfig'), 'utf8');
  const token = /token: (\S+)/.exec(kubeconfig)?.[1];
  if (token === undefined) throw new Error('the kubeconfig holds no token');
  return { ...Object.fromEntries([...written, ...held]), 'kubeconfig token': token };
}

it('every built item passes, planned ones hold the whole, and no secret leaves', { timeout: LIMIT }, async () => {
  const secrets = await secretsOf();
  expect(Object.keys(secrets).sort()).toEqual([
    'api-password',
    'kubeconfig token',
    'mcp-secrets/api-password',
    'mcp-secrets/database-url',
    'mcp-secrets/jwt-secret',
    'mcp-secrets/postgres-password',
    'postgres-password',
  ]);
  // The search finds what is there.
  expect(findSecrets(join(project.rehearsalDir, 'secrets'), secrets)).toContain(
    'api-password: mcp-secrets/api-password',
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

  expect(redItems(result), result.output).toEqual({});
  expect(passedItems(result)).toEqual(Object.values(BUILT).join(' ').split(' '));
  expect(phaseDecisions(result)).toEqual(GO);
  expect(gist(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
  // Nothing but what nobody has built yet: phase 4 and the final phase have no item that judges.
  expect(new Set(result.decision?.reasons.map(({ code }) => code))).toEqual(new Set(['nothing-judged', 'planned']));
  expect(result.decision?.environment.name).toBe('rehearsal');
  expect(result.output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
  for (const report of ['index.html', 'junit.xml', 'playwright/index.html'])
    expect(existsSync(join(project.root, 'reports/out', report)), report).toBe(true);
  expect(readFileSync(join(project.root, 'reports/out/index.html'), 'utf8')).toContain('P1-CON-004');

  // Playwright's page names its tests in a packed archive only: the search looks into it.
  const page = join(project.root, 'reports/out/playwright');
  expect(readFileSync(join(page, 'index.html'), 'latin1')).not.toContain('P1-CON-004');
  expect(findSecrets(page, { packed: 'P1-CON-004' })).toContain('index.html: packed');
  expect(findSecrets(join(project.root, 'reports/out'), secrets)).toEqual([]);
  for (const folder of ['runs', 'ledger', 'test-results'])
    expect(findSecrets(join(project.root, '.golive', folder), secrets)).toEqual([]);
  expect(findSecrets(join(project.rehearsalDir, 'logs'), secrets)).toEqual([]);
  expect(namesIn([result.output], secrets)).toEqual([]);
  expect([...shown].some((command) => command.includes('playwright'))).toBe(true);
  expect([...shown].filter((command) => namesIn([command], secrets).length > 0)).toEqual([]);
  // A kept rehearsal outlives the run, the run's own processes do not.
  expect(look(project, project.rehearsalPid()).processes.filter(({ command }) => /playwright/.test(command))).toEqual(
    [],
  );
});

it('phase 3 alone: GO, exit code 0, the whole stays HOLD', { timeout: LIMIT }, async () => {
  const result = await project.run(['--project=phase3']);
  expect(redItems(result), result.output).toEqual({});
  expect(passedItems(result)).toEqual(BUILT.phase3.split(' '));
  expect(phaseDecisions(result)).toEqual({ phase3: 'GO' });
  expect(gist(result)).toEqual({ exitCode: 0, decision: 'HOLD', selected: 'GO' });
  const verified = await project.golive(['verify']);
  expect(verified.exitCode, verified.stdout).toBe(0);
  expect(verified.stdout).toContain('The ledger is sound: 2 runs, ');
});
