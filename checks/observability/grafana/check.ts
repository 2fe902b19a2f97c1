import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { dashboard, dataSources, type Dashboard, type DataSource } from '../../protocols/grafana.ts';
import { judged } from '../../kit/judged.ts';
import { at, textAt } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { askJson, grafanaParams, sourceOf, unlessDown } from '../../protocols/telemetry.ts';

const messages = {
  down: { says: '{subject}: {why}, expected it to answer.', fix: 'See the log of Grafana for why it does not answer.' },
  databaseDown: {
    says: '{subject}: its database is "{state}", expected ok.',
    fix: 'Repair the database in which Grafana keeps users and dashboards.',
  },
  noDataSource: {
    says: '{subject}: is not configured, expected it.',
    fix: 'Provision the data source, and let the gate’s account see it.',
  },
  sourceFails: {
    says: '{subject}: does not answer Grafana ({why}), expected it to be healthy.',
    fix: 'Correct its address or credential in Grafana, or repair it.',
  },
  noDashboard: {
    says: '{subject}: does not exist, expected it.',
    fix: 'Provision the dashboard from its file, and let the gate’s account see its folder.',
  },
  emptyDashboard: {
    says: '{subject}: has no panels, expected some.',
    fix: 'Provision the dashboard from its file again.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['grafana', 'dashboards'],
  properties: {
    ...grafanaParams,
    dataSources: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'UIDs or names of data sources that must be there; whichever there are must answer.',
    },
    dashboards: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'UIDs of the dashboards that must be there.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  /** Why Grafana is down; everything else is empty then. */
  readonly down?: string;
  /** What it says of its own database. */
  readonly database: string;
  readonly version: string;
  readonly sources: readonly (DataSource & { readonly healthy: boolean; readonly said: string })[];
  /** In the order of `params.dashboards`. */
  readonly dashboards: readonly (Dashboard | null)[];
}

export const grafana = defineCheck({
  meta: {
    kind: 'observability/grafana',
    title: 'Grafana answers with its data sources and dashboards',
    why: 'Whoever is woken at night opens a dashboard first; an empty one costs the time that matters.',
    sees: 'Grafana and its database healthy, each data source answering Grafana itself, the required dashboards present with panels. Not: whether panels show data, which observability/dashboard-queries judges.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ grafanaToken }: Params) => mayReadSecrets([grafanaToken]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const source = sourceOf('Grafana', params.grafana, params.grafanaToken);
  // Grafana itself answers 503 here, in JSON, when its database is down.
  const health = await unlessDown(askJson(http, source, '/api/health', { also: [503] }));
  if (!health.up) return { down: health.why, database: '', version: '', sources: [], dashboards: [] };
  const database = textAt(health.value.json, 'not told', 'database');
  const version = textAt(health.value.json, '', 'version');
  if (database !== 'ok') return { database, version, sources: [], dashboards: [] };
  const [sources, dashboards] = await Promise.all([
    dataSources(http, source),
    Promise.all(params.dashboards.map((uid) => dashboard(http, source, uid))),
  ]);
  const asked = sources.map(async (one) => {
    const path = `/api/datasources/uid/${encodeURIComponent(one.uid)}/health`;
    // A source that fails is answered 400 or 500; 404 means that its plugin has no such test.
    const { status, json } = await askJson(http, source, path, { also: [400, 404, 500, 502, 503, 504] });
    const said = textAt(json, '', 'message');
    return { ...one, healthy: status === 200 && at(json, 'status') !== 'ERROR', said: `${status} ${said}`.trim() };
  });
  return { database, version, sources: await Promise.all(asked), dashboards };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { down, database, version } = gathered;
  const problem: Finding<Id> | null =
    down !== undefined
      ? { message: 'down', subject: 'Grafana', data: { why: down } }
      : database !== 'ok'
        ? { message: 'databaseDown', subject: 'Grafana', data: { state: database } }
        : null;
  if (problem) return judged([problem], [], [{ type: 'text', title: 'Grafana', text: down ?? database }], '');
  const sourceName = ({ name, type }: DataSource): string => `Data source ${name} (${type})`;
  const missing = params.dataSources.filter((wanted) => !gathered.sources.some((one) => isCalled(one, wanted)));
  const findings: Finding<Id>[] = [
    ...missing.map((wanted): Finding<Id> => ({ message: 'noDataSource', subject: `Data source ${wanted}` })),
    ...gathered.sources
      .filter(({ healthy }) => !healthy)
      .map((one): Finding<Id> => ({
        message: 'sourceFails',
        subject: sourceName(one),
        data: { why: shortened(one.said, 200) },
      })),
    ...params.dashboards.flatMap((uid, index): Finding<Id>[] => {
      const found = gathered.dashboards[index];
      if (!found) return [{ message: 'noDashboard', subject: `Dashboard ${uid}` }];
      return found.panels.length === 0 ? [{ message: 'emptyDashboard', subject: `Dashboard ${found.title}` }] : [];
    }),
  ];
  const evidence: [Evidence, ...Evidence[]] = [
    { type: 'text', title: 'Grafana', text: `version ${version}, database ${database}` },
    table(
      'Data sources',
      ['name', 'uid', 'type', 'healthy', 'answer'],
      gathered.sources.map(({ name, uid, type, healthy, said }) => [name, uid, type, healthy, shortened(said, 200)]),
    ),
    table(
      'Dashboards',
      ['uid', 'title', 'panels'],
      params.dashboards.map((uid, index) => {
        const found = gathered.dashboards[index];
        return [uid, found?.title ?? 'missing', found?.panels.length ?? 0];
      }),
    ),
  ];
  const subjects = [...gathered.sources.map(sourceName), ...params.dashboards.map((uid) => `Dashboard ${uid}`)];
  if (findings.length === 0 && gathered.sources.length === 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: 'Grafana shows the gate no data source: give its service account the right to read data sources.',
      evidence,
    };
  return judged(findings, subjects, evidence, '');
}

const isCalled = ({ uid, name }: DataSource, wanted: string): boolean => uid === wanted || name === wanted;
