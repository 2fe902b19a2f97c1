/** The files of this repository, and hostile ones, as a scan judges them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readObjects } from '../../k8s/semantics/objects/read.ts';
import { SCANNED } from './kinds.ts';
import { scanObjects, type ScanReport } from './run.ts';
import { applyWaivers, readWaivers } from './waivers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SETTINGS = { level: 'restricted', version: 'latest' };
const scanned = (text: string): Promise<ScanReport> =>
  scanObjects(readObjects(text, 'objects.yaml'), SCANNED, SETTINGS, () => 'major');
const filesOf = (folder: string, pattern: RegExp): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'));

describe('a scan', () => {
  it('finds nothing in the manifests', async () => {
    const { findings, doubts } = await scanned(filesOf('k8s/manifests', /\.yaml$/).join('\n---\n'));
    expect([...findings, ...doubts]).toEqual([]);
  });

  it('finds in the gate’s own rights what its waivers accept, and no waiver that nothing needs', async () => {
    const report = await scanned(
      [
        ...filesOf('k8s/manifests', /\.yaml$/),
        ...filesOf('k8s/gate', /^(rbac-[\w-]+-watch|service-accounts)\.yaml$/),
      ].join('\n---\n'),
    );
    const waivers = readWaivers(join(ROOT, 'k8s/gate/waivers.yaml'));
    if (typeof waivers === 'string') throw new Error(waivers);
    const { report: left, unneeded } = applyWaivers(report, waivers, new Date('2026-12-01T00:00:00Z'));
    expect([left.findings, unneeded]).toEqual([[], []]);
  });

  it('says the same whatever the order of the documents', async () => {
    const documents = filesOf('k8s/manifests', /^(0|mcp|network|pdb|quota)/)
      .flatMap((text) => text.split(/^---$/m))
      .map((text) => text.replace(/runAsNonRoot: true/, 'runAsNonRoot: false'));
    const said = async (order: readonly string[]): Promise<unknown> => {
      const { judged, findings, doubts } = await scanned(order.join('\n---\n'));
      return [judged, findings.map(({ says }) => says).sort(), doubts.map(({ why }) => why).sort()];
    };
    const expected = await said(documents);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(documents, { minLength: documents.length }), async (order) => {
        expect(await said(order)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it('judges or names each document, whatever stands in it', async () => {
    const value = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constant([]), fc.constant({}));
    const object = fc.record({
      apiVersion: fc.constantFrom('v1', 'apps/v1', 'networking.k8s.io/v1', 'rbac.authorization.k8s.io/v1', 'x.io/v1'),
      kind: fc.constantFrom('Pod', 'Deployment', 'NetworkPolicy', 'Role', 'RoleBinding', 'Secret', 'List', 'Odd'),
      metadata: fc.oneof(value, fc.record({ name: value, namespace: value, labels: value })),
      spec: fc.oneof(
        value,
        fc.record({ template: value, containers: fc.oneof(value, fc.array(value)), podSelector: value }),
      ),
      rules: value,
      subjects: fc.oneof(value, fc.array(value)),
      roleRef: value,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(object, { minLength: 1, maxLength: 6 }), async (objects) => {
        const { schema } = await scanned(objects.map((one) => JSON.stringify(one)).join('\n---\n'));
        expect(schema).toBe('golive/scan/v1');
      }),
      { numRuns: 200 },
    );
  });
});
