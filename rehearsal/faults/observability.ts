/** Faults of monitoring, of what it watches, and of what it has recorded. */
import { because } from './consequences.ts';
import type { Act, Fault } from './fault.ts';

/** Prometheus notices a new or missing target up to six seconds later; then rules and samples need their time. */
const DISCOVERY_MS = 20_000;

/** Over an empty folder, so that what a fault records is gone with it; the old samples come back when it is released. */
const loseData: Act = { lever: 'prometheus.lose-data' };
const replica = (facts: Readonly<Record<string, unknown>>): Act => ({
  lever: 'prometheus.replica',
  with: { job: 'mcp-typescript-api', colour: 'blue', ...facts },
});
/** What is left of availability: the figure is rounded to three decimals, so that an even share is `0.9` alone. */
const ONE_IN_TEN_LOST = /Availability.*was 0\.(89\d?|9|90\d?|91\d?) /;
/** The triggers of the cutover that ask Prometheus what users of typescript-api get. */
const TRIGGERS = because('asks Prometheus beside the probes', ['P4-TRI-001', 'P4-TRI-002']);
const EMPTIED = 'looks back on samples that this fault hides';
const overEmptyHistory = (...items: readonly string[]): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(items.map((item) => [item, EMPTIED])),
  ...TRIGGERS,
  'P1-MON-001': 'Prometheus finds its targets five seconds after each start',
  'P5-ALE-001': 'selectors find no series until the first scrape',
  'P5-HEA-002': 'panels have no data until the first scrape',
  'P5-DAS-001': 'panels have no data until the first scrape',
});

export const observabilityFaults: readonly Fault[] = [
  {
    name: 'prometheus-killed',
    title: 'Prometheus has crashed',
    inject: [{ lever: 'prometheus.kill' }],
    changes: [
      { item: 'P1-MON-001', outcome: 'fail', says: /Prometheus: .*(refused|reset)/ },
      { item: 'P5-HEA-003', outcome: 'error', says: /refused/ },
      { item: 'P5-ALE-001', outcome: 'error', says: /refused/ },
      { item: 'P5-SLA-001', outcome: 'error', says: /refused/ },
      { item: 'F-TEC-004', outcome: 'error', says: /refused/ },
    ],
    mayChange: {
      'P1-MON-002': 'Grafana’s data source is Prometheus',
      'P1-MON-003': 'asks Prometheus which Alertmanagers it sends to',
      'P5-HEA-002': 'panels ask Prometheus',
      'P5-DAS-001': 'panels ask Prometheus',
      'P5-DAS-002': 'panels ask Prometheus',
      'P5-DAS-003': 'panels ask Prometheus',
      'P5-SLA-002': 'asks Prometheus',
      'P5-SLA-003': 'asks Prometheus',
      'P5-SLA-004': 'asks Prometheus',
      'P5-ALE-002': 'alerts start in Prometheus',
      ...TRIGGERS,
    },
  },
  {
    name: 'service-not-scraped',
    title: 'Prometheus no longer scrapes rust-server',
    inject: [{ lever: 'prometheus.rewind' }, { lever: 'prometheus.forget-target', with: { job: 'mcp-rust-server' } }],
    changes: [
      { item: 'P1-MON-001', outcome: 'fail', says: /mcp-rust-server.*0 of 0 targets/s },
      { item: 'P5-HEA-003', outcome: 'fail', says: /ServiceDown.*mcp-rust-server/ },
      { item: 'P5-ALE-001', outcome: 'fail', says: /ServiceDown.*finds no series/ },
      { item: 'F-TEC-004', outcome: 'fail', says: /ServiceDown.*fired/ },
    ],
    mayChange: { 'P5-HEA-002': 'panels of rust-server are empty', 'P5-DAS-001': 'panels of rust-server are empty' },
    settleMs: DISCOVERY_MS,
  },
  {
    name: 'rule-missing',
    title: 'The alert DatabaseDown is not configured',
    inject: [{ lever: 'prometheus.rules', with: { without: 'DatabaseDown' } }],
    changes: [{ item: 'P5-ALE-001', outcome: 'fail', says: /DatabaseDown: no such alerting rule/ }],
  },
  {
    name: 'rule-on-a-renamed-metric',
    title: 'The alert CacheDown watches a metric that nobody exports',
    inject: [{ lever: 'prometheus.rules', with: { change: { alert: 'CacheDown', expr: 'redis_is_up == 0' } } }],
    changes: [{ item: 'P5-ALE-001', outcome: 'fail', says: /CacheDown.*redis_is_up finds no series/ }],
  },
  {
    name: 'rule-broken',
    title: 'A rule cannot be evaluated',
    inject: [
      {
        lever: 'prometheus.rules',
        with: { change: { alert: 'DatabaseDown', expr: 'up * on(namespace) up == 0' } },
      },
    ],
    changes: [
      { item: 'P1-MON-001', outcome: 'fail', says: /DatabaseDown: rule is failing/ },
      { item: 'P5-ALE-001', outcome: 'fail', says: /DatabaseDown: cannot be evaluated/ },
      { item: 'P5-HEA-003', outcome: 'inconclusive', says: /not evaluated/ },
    ],
  },
  {
    name: 'critical-alert-fires',
    title: 'A critical alert is firing',
    inject: [
      {
        lever: 'prometheus.rules',
        with: {
          add: [
            {
              alert: 'DiskFull',
              expr: 'vector(1)',
              labels: { severity: 'critical', owner: 'platform-team' },
              annotations: { summary: 'The disk is full', runbook_url: 'https://runbooks.mcp.test/disk-full' },
            },
          ],
        },
      },
    ],
    changes: [
      { item: 'P5-HEA-003', outcome: 'fail', says: /DiskFull.*has been firing/ },
      { item: 'F-TEC-004', outcome: 'fail', says: /DiskFull.*fired once/ },
    ],
  },
  {
    name: 'alerts-silenced-by-nobody',
    title: 'All critical alerts are silenced, without a name or a reason',
    inject: [{ lever: 'alertmanager.silence', with: { matchers: [{ name: 'severity', value: 'critical' }] } }],
    changes: [
      { item: 'P5-HEA-003', outcome: 'fail', says: /without an owner and a reason/ },
      { item: 'P1-MON-003', outcome: 'fail', says: /is silenced by/ },
    ],
    mayChange: { 'P5-ALE-002': 'a silenced alert tells nobody' },
  },
  {
    name: 'alertmanager-killed',
    title: 'Alertmanager has crashed',
    inject: [{ lever: 'alertmanager.kill' }],
    changes: [
      { item: 'P1-MON-003', outcome: 'fail', says: /Alertmanager: .*refused/ },
      { item: 'P5-HEA-003', outcome: 'error', says: /refused/ },
    ],
    mayChange: { 'P5-ALE-002': 'alerts travel through Alertmanager' },
  },
  {
    name: 'critical-alerts-reach-nobody',
    title: 'Alertmanager sends critical alerts to a receiver without an integration',
    inject: [
      {
        lever: 'alertmanager.config',
        with: { replace: 'receiver: on-call\n      matchers', with: 'receiver: watchdog\n      matchers' },
      },
    ],
    changes: [{ item: 'P1-MON-003', outcome: 'fail', says: /receiver watchdog.*has no integration/ }],
    mayChange: { 'P5-ALE-002': 'the alert that is sent as a test reaches nobody either' },
  },
  {
    name: 'replica-overwhelmed',
    title:
      'A replica of typescript-api answers 300 requests a second, fails every tenth and takes four seconds for each',
    inject: [loseData, replica({ perSecond: 300, errorRatio: 0.1, seconds: 4 })],
    changes: [
      { item: 'P5-SLA-001', outcome: 'fail', says: ONE_IN_TEN_LOST },
      { item: 'P5-SLA-002', outcome: 'fail', says: /P95.*was 4\.\d+ s/ },
      { item: 'P5-SLA-003', outcome: 'fail', says: /Error rate.*was 0\.(09|1)/ },
      { item: 'P5-SLA-004', outcome: 'fail', says: /Throughput.*was [23]\d\d/ },
    ],
    mayChange: overEmptyHistory('F-TEC-004'),
    settleMs: DISCOVERY_MS,
  },
  {
    name: 'requests-fail',
    title: 'A replica of typescript-api fails every tenth request',
    inject: [loseData, replica({ perSecond: 2000, errorRatio: 0.1 })],
    changes: [
      { item: 'P5-SLA-001', outcome: 'fail', says: ONE_IN_TEN_LOST },
      { item: 'P5-SLA-003', outcome: 'fail', says: /Error rate.*was 0\.1|Error rate.*was 0\.09/ },
    ],
    mayChange: {
      ...overEmptyHistory('P5-SLA-002', 'P5-SLA-004', 'F-TEC-004'),
      'P5-HEA-003': 'the alert HighErrorRate fires',
      'P5-DAS-003': 'a panel shows the error rate',
    },
    settleMs: DISCOVERY_MS,
  },
  {
    name: 'requests-are-slow',
    title: 'A replica of typescript-api takes four seconds a request',
    inject: [loseData, replica({ perSecond: 2000, seconds: 4 })],
    changes: [{ item: 'P5-SLA-002', outcome: 'fail', says: /P95.*was 4\.\d+ s/ }],
    mayChange: {
      ...overEmptyHistory('P5-SLA-001', 'P5-SLA-003', 'P5-SLA-004', 'F-TEC-004'),
      'P5-HEA-003': 'the alert HighLatencyP95 fires',
      'P5-DAS-003': 'a panel shows the latency',
    },
    settleMs: DISCOVERY_MS,
  },
  {
    name: 'too-few-requests-a-second',
    title: 'typescript-api never answered more than 300 requests a second',
    inject: [loseData, replica({ perSecond: 300 })],
    changes: [{ item: 'P5-SLA-004', outcome: 'fail', says: /Throughput.*was [23]\d\d/ }],
    mayChange: overEmptyHistory('P5-SLA-001', 'P5-SLA-002', 'P5-SLA-003', 'F-TEC-004'),
    settleMs: DISCOVERY_MS,
  },
  {
    name: 'history-lost',
    title: 'Prometheus has lost its volume',
    inject: [loseData],
    changes: [
      { item: 'P5-SLA-001', outcome: 'inconclusive', says: /samples|nothing was counted/ },
      { item: 'P5-SLA-004', outcome: 'inconclusive', says: /samples|nothing was counted/ },
    ],
    mayChange: overEmptyHistory('P5-SLA-002', 'P5-SLA-003', 'F-TEC-004'),
  },
  {
    name: 'service-logs-errors',
    title: 'typescript-api writes an error line ten times a second',
    inject: [
      {
        lever: 'service.misbehave',
        with: { app: 'mcp-typescript-api', colour: 'blue', as: 'log-errors', everyMs: 100 },
      },
    ],
    changes: [{ item: 'P5-HEA-004', outcome: 'fail', says: /mcp-typescript-api.*error lines a minute/ }],
    settleMs: DISCOVERY_MS,
  },
];
