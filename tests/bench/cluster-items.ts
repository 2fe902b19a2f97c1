/**
 * A process of the benchmark `cluster`, measured by itself: `floor URLS` lists each kind once with nothing but HTTP and JSON, `items FILE`
 * runs kinds over two hundred namespaces as a worker of the gate does. Prints what it used.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { kinds } from '../../checks/index.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { sayOut } from '../../gate/say.ts';
import { testContext, testEnvironment } from '../harness/context.ts';

export interface Used {
  readonly wall: number;
  readonly cpu: number;
  readonly peakMib: number;
  readonly outcomes: readonly string[];
}
export interface Work {
  readonly kubeconfig: string;
  readonly runDir: string;
  readonly items: readonly { readonly kind: string; readonly params: unknown }[];
}

const [what = '', ...given] = process.argv.slice(2);
const startedAt = performance.now();
const before = process.cpuUsage();
const outcomes = what === 'floor' ? await floor(given) : await items(given[0] ?? '');
const { user, system } = process.cpuUsage(before);
const used: Used = {
  wall: (performance.now() - startedAt) / 1000,
  cpu: (user + system) / 1e6,
  peakMib: process.resourceUsage().maxRSS / 1024,
  outcomes,
};
sayOut(JSON.stringify(used));

async function floor(urls: readonly string[]): Promise<readonly string[]> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, connections: 16 });
  const held = await Promise.all(
    urls.map(async (url) => {
      const all: unknown[] = [];
      let token: string | undefined;
      do {
        const page = `${url}?limit=500${token === undefined ? '' : `&continue=${token}`}`;
        const { body } = await request(page, { dispatcher });
        const list = (await body.json()) as {
          readonly items: readonly unknown[];
          readonly metadata: { continue?: string };
        };
        all.push(...list.items);
        token = list.metadata.continue;
      } while (token !== undefined);
      return all;
    }),
  );
  await dispatcher.close();
  return [`${held.flat().length} objects`];
}

async function items(file: string): Promise<readonly string[]> {
  const work = JSON.parse(readFileSync(file, 'utf8')) as Work;
  const kubeconfig = { path: work.kubeconfig, context: 'gate' };
  const host = openHost({ environment: testEnvironment({ kubeconfig }), runDir: work.runDir, phase: 'phase1' });
  const said: string[] = [];
  for (const { kind, params } of work.items) {
    const check = kinds.get(kind);
    if (!check) throw new Error(`no kind ${kind}`);
    const context = testContext({ now: new Date() });
    const gathered = await check.gather(params, host.open(check.meta.needs, context), context);
    said.push(`${kind} ${check.judge(params, gathered, context).outcome}`);
  }
  await host.close();
  return said;
}
