import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts';
import { testPlatform } from '../testing/platform.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';

const folder = join(import.meta.dirname, '../../k8s/monitoring/dashboards');
interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}
const panels = readdirSync(folder).flatMap((file) => {
  const { panels: all } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { panels: Panel[] };
  return all.flatMap(({ title, targets }) => targets.map(({ expr }) => [file, title, expr] as const));
});

describe.skipIf(findTool('prometheus') === undefined)('the dashboards', () => {
  const platform = testPlatform();
  let prometheus: Prometheus;
  beforeAll(async () => {
    const nobody = 'http://127.0.0.1:1';
    prometheus = await startPrometheus(platform.context, { alertmanager: nobody, sources: nobody });
  });
  afterAll(async () => {
    await prometheus.stop();
    await platform.close();
  });

  it.each(panels)('%s, %s: Prometheus understands the query', async (_file, _title, expr) => {
    const answer = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
    expect(await answer.json()).toMatchObject({ status: 'success' });
  });
});
