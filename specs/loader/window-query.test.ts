/** `${window}` in a query that looks back over one: let through there, and there only. */
import { afterEach, describe, expect, it } from 'vitest';
import { endpoint, WINDOW_PATTERN } from '../../checks/contract/param-schemas.ts';
import { kind } from '../../checks/kit/kind.ts';
import { compilePlan } from './plan.ts';
import { renderProblem } from './problems.ts';
import { makeProject, phaseText, SMALL_ENVIRONMENT } from './testing/project.ts';

const projects: { remove: () => void }[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

const ENVIRONMENT = SMALL_ENVIRONMENT.replace(
  'endpoints:',
  "endpoints:\n  prometheus: { url: '${rehearsal.prometheus}' }",
);
const text = { type: 'string', description: 'Any text' } as const;
const ratio = kind('test/ratio', {
  title: 'A ratio is small',
  why: 'It would be large.',
  sees: ['Nothing.'],
  not: [],
  needs: ['http'],
  required: ['prometheus'],
  params: {
    prometheus: {
      type: 'object',
      additionalProperties: false,
      required: ['endpoint', 'query'],
      properties: {
        endpoint,
        query: { ...text, pattern: WINDOW_PATTERN },
        scrapeInterval: { ...text, default: '15s' },
      },
    },
    window: text,
  },
  messages: { wrong: { says: '{subject}: is wrong, expected right', fix: 'Put it right' } },
  gather: () => Promise.resolve(null),
  judge: () => undefined,
});
const kinds = new Map([[ratio.meta.kind, ratio]]);
const item = (query: string, over = ''): string => `  - id: P1-TRI-001
    title: A ratio is small
    kind: test/ratio
    source: 362
    severity: critical
    owner: platform-team
    params:
      prometheus:
        endpoint: '\${environment.endpoints.prometheus}'
        query: '${query}'
${over}`;

function compile(query: string, overrides = '', over = '', environment = ENVIRONMENT) {
  const project = makeProject({
    'specs/small/phase1.yaml': phaseText(item(query, over)),
    'fixtures/environments/rehearsal.yaml': environment + overrides,
  });
  projects.push(project);
  const env = { GOLIVE_COMMIT: 'a'.repeat(40), GOLIVE_CHECKLIST: 'specs/small' };
  return compilePlan({ root: project.root, env, kinds });
}
function prometheusOf(compiled: ReturnType<typeof compile>): unknown {
  if ('problems' in compiled) throw new Error(compiled.problems.map(renderProblem).join('\n'));
  return compiled.plan.items[0]?.params['prometheus'];
}
function problemsOf(compiled: ReturnType<typeof compile>): string {
  return 'problems' in compiled ? compiled.problems.map(renderProblem).join('\n') : 'no problem';
}
const override = (param: string, value: string): string =>
  `overrides:\n  - { item: P1-TRI-001, param: ${param}, value: '${value}', why: Other labels }\n`;

describe('a query over a window', () => {
  it('keeps ${window}, beside what the environment gives', () => {
    const query = 'sum(rate(errors{ns="${environment.namespaces.platform}"}[${window}])) / sum(rate(all[${window}]))';
    expect(prometheusOf(compile(query))).toEqual({
      endpoint: { url: '${rehearsal.prometheus}' },
      query: 'sum(rate(errors{ns="mcp-production"}[${window}])) / sum(rate(all[${window}]))',
      scrapeInterval: '15s',
    });
    expect(prometheusOf(compile('${window}'))).toMatchObject({ query: '${window}' });
  });
  it('may be overridden by another one', () => {
    const other = override('prometheus.query', 'errors[${window}]');
    expect(prometheusOf(compile('sum(rate(errors[${window}]))', other))).toMatchObject({ query: 'errors[${window}]' });
  });
  it('needs it', () => {
    const text = problemsOf(compile('sum(rate(errors[1m]))'));
    expect(text).toMatch(
      /phase1\.yaml:15:16.*query: does not look back over \$\{window\} \("sum\(rate\(errors\[1m\]\)\)"\)/,
    );
    expect(text).toContain('Fix: Write it where a range stands, for example rate(http_requests_total[${window}])');
    expect(problemsOf(compile('[${window}]', override('prometheus.query', 'errors[1m]')))).toMatch(
      /rehearsal\.yaml:\d+:\d+.*does not look back over/,
    );
  });
  it('knows no other name', () => {
    expect(problemsOf(compile('errors[${window}] > ${windows}'))).toMatch(/query: \$\{windows\} is not known/);
  });
});

describe('${window} anywhere else', () => {
  it('is not known', () => {
    const over = "      window: '${window}'\n";
    expect(problemsOf(compile('errors[${window}]', '', over))).toMatch(/window: \$\{window\} is not known/);
    expect(problemsOf(compile('errors[${window}]', override('window', '${window}')))).toMatch(
      /rehearsal\.yaml:\d+:\d+: overrides\[0\]\.value: \$\{window\} is not known here\. Fix: Write the value/,
    );
    const environment = ENVIRONMENT.replace('platform: mcp-production', "platform: '${window}'");
    expect(problemsOf(compile('errors[${window}]', '', '', environment))).toMatch(/\$\{window\} is not known here/);
  });
});
