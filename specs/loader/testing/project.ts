/** A small project in a temporary folder, for tests of what reads projects. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const SMALL_ENVIRONMENT = `apiVersion: golive/v1
name: rehearsal
rehearsal: true
kubeconfig: { path: .golive/rehearsal/kubeconfig, context: rehearsal }
namespaces: { platform: mcp-production }
endpoints:
  api: { url: '\${rehearsal.gateway}' }
stores:
  main: { host: 127.0.0.1, port: '\${rehearsal.postgresPort}', database: mcp, user: gate, password: { from: env, name: PGPASSWORD } }
mutations: [apply, load]
preconditions: report
compression: 10
`;

export const SMALL_CHECKLIST = `apiVersion: golive/v1
name: small
release: { name: small, version: v1.0.0 }
phases: [phase1.yaml]
roles: { platform-team: Platform team }
`;

/** Writes `files` (name → text), and the small environment and checklist where they name none; answers its root. */
export function makeProject(files: Readonly<Record<string, string>>): {
  readonly root: string;
  readonly remove: () => void;
} {
  const root = mkdtempSync(join(tmpdir(), 'golive-specs-'));
  const all = {
    'fixtures/environments/rehearsal.yaml': SMALL_ENVIRONMENT,
    'specs/small/checklist.yaml': SMALL_CHECKLIST,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A phase file of phase 1 with these items, each a YAML list member indented by two. */
export function phaseText(items: string, order = 'parallel'): string {
  return `apiVersion: golive/v1\nphase: phase1\ntitle: Preparation\norder: ${order}\nitems:\n${items}`;
}
