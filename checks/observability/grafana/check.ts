import { at, textAt } from '../../contract/json.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { dashboard, dataSources } from '../../protocols/grafana.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { askJson, grafanaOf, grafanaParams, unlessDown } from '../../protocols/telemetry.ts';

export const grafana = kind('observability/grafana', {
  title: 'Grafana answers with its data sources and dashboards',
  why: 'Whoever is woken at night opens a dashboard first; an empty one costs the time that matters.',
  sees: [
    'Grafana and its database healthy.',
    'Each data source answering Grafana itself.',
    'The required dashboards present with panels.',
  ],
  not: ['Whether panels show data, which observability/dashboard-queries judges.'],
  needs: ['http'],
  params: {
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
  required: ['grafana', 'dashboards'],
  messages: {
    down: {
      says: '{subject}: {why}, expected it to answer.',
      fix: 'See the log of Grafana for why it does not answer.',
    },
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
  },
  rights: ({ grafanaToken }) => mayReadSecrets([grafanaToken]),

  async gather(params, { http }) {
    const source = grafanaOf(params);
    const nothing = { down: undefined, refusal: undefined, database: '', version: '', sources: [], dashboards: [] };
    // Grafana itself answers 503 here, in JSON, when its database is down.
    const health = await unlessDown(askJson(http, source, '/api/health', { also: [503] }));
    if (!health.up) return { ...nothing, down: health.why };
    const database = textAt(health.value.json, '', 'database');
    const version = textAt(health.value.json, 'unknown', 'version');
    if (database !== 'ok' && database !== '') return { ...nothing, database, version };
    const [listed, dashboards] = await Promise.all([
      attempt(() => dataSources(http, source)),
      Promise.all(params.dashboards.map((uid) => dashboard(http, source, uid))),
    ]);
    const asked = (listed.seen ?? []).map(async (one) => {
      const path = `/api/datasources/uid/${encodeURIComponent(one.uid)}/health`;
      // A source that fails is answered 400 or 500; 404 means that its plugin has no such test.
      const { status, json } = await askJson(http, source, path, { also: [400, 404, 500, 502, 503, 504] });
      const said = shortened(`${status} ${textAt(json, '', 'message')}`.trim(), 200);
      return { ...one, healthy: status === 404 ? null : status === 200 && at(json, 'status') !== 'ERROR', said };
    });
    const sources = await Promise.all(asked);
    return { ...nothing, database, version, sources, dashboards, refusal: listed.refusal };
  },

  judge(params, { down, database, version, sources, dashboards, refusal }, say) {
    if (down !== undefined) return say.fail('down', 'Grafana', { why: down });
    if (database === '') say.unknown('Grafana', 'the state of its database');
    else if (database !== 'ok') return say.fail('databaseDown', 'Grafana', { state: database });
    if (refusal) say.refused(refusal, 'Grafana');
    else if (sources.length === 0)
      say.unsure(
        'no-subjects',
        'Grafana shows the gate no data source: give its service account the right to read data sources.',
      );
    else
      for (const wanted of params.dataSources)
        if (!sources.some(({ uid, name }) => uid === wanted || name === wanted))
          say.fail('noDataSource', `Data source ${wanted}`);
    for (const { name, type, healthy, said } of sources) {
      say.judged(`Data source ${name} (${type})`);
      if (healthy === null)
        say.unknown(`Data source ${name} (${type})`, 'whether it is healthy: its plugin has no test');
      else if (!healthy) say.fail('sourceFails', `Data source ${name} (${type})`, { why: said });
    }
    const found = params.dashboards.map((uid, index) => ({ uid, panels: dashboards[index]?.panels.length }));
    for (const { uid, panels } of found) {
      say.judged(`Dashboard ${uid}`);
      if (panels === undefined) say.fail('noDashboard', `Dashboard ${uid}`);
      if (panels === 0) say.fail('emptyDashboard', `Dashboard ${uid}`);
    }
    say.show(
      { type: 'text', title: 'Grafana', text: `version ${version}, database ${database}` },
      table(
        'Data sources',
        ['name', 'uid', 'type', 'healthy', 'answer'],
        sources.map(({ name, uid, type, healthy, said }) => [name, uid, type, healthy, said]),
      ),
      table(
        'Dashboards',
        ['uid', 'title', 'panels'],
        found.map(({ uid, panels }, index) => [uid, dashboards[index]?.title ?? 'missing', panels ?? 0]),
      ),
    );
  },
});
