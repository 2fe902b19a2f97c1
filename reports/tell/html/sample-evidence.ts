/** Evidence of every type, for the sample. Nothing in it is real. */
import type { Evidence } from '../../../checks/contract/outcome.ts';

export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

export const EVERY_EVIDENCE: readonly Evidence[] = [
  { type: 'text', title: 'Server', text: 'context "rehearsal" (https://127.0.0.1:41235)\nv1.36.2' },
  { type: 'value', title: 'P95 latency', value: 2412.5, unit: 'ms', bound: { comparison: '<', value: 2000 } },
  { type: 'value', title: 'Throughput', value: 1240, unit: 'requests/s', bound: { comparison: '>=', value: 1000 } },
  { type: 'value', title: 'Sent', value: 1204311, unit: 'count' },
  {
    type: 'table',
    title: 'Deployments',
    columns: ['Deployment', 'Ready', 'Wanted', 'Image', 'Complete'],
    rows: [
      ['mcp-production/mcp-typescript-server', 3, 3, `ghcr.io/code/mcp-typescript-server@${digest('a')}`, true],
      ['mcp-production/mcp-rust-server', 1, 3, 'ghcr.io/code/mcp-rust-server:2.4.0', false],
      ['mcp-production/mcp-learning-system', 2, 2, null, true],
    ],
  },
  {
    type: 'query',
    title: 'Rollout of mcp-rust-server',
    language: 'kubernetes',
    query: 'GET /apis/apps/v1/namespaces/mcp-production/deployments/mcp-rust-server',
    answer: '{"status":{"observedGeneration":4,"replicas":3,"readyReplicas":1,"unavailableReplicas":2}}',
    readAt: '2026-11-23T10:41:07.120Z',
    resourceVersion: '18213',
  },
  {
    type: 'diff',
    title: 'Security context of container api',
    expected: 'runAsNonRoot: true\nreadOnlyRootFilesystem: true\nallowPrivilegeEscalation: false',
    actual: 'runAsNonRoot: true\nallowPrivilegeEscalation: false\nprivileged: true',
  },
  {
    type: 'series',
    title: 'P95 by second',
    unit: 'ms',
    points: Array.from({ length: 60 }, (_, second) => [
      second * 1000,
      900 + 400 * Math.sin(second / 5) + (second > 45 ? 1100 : 0),
    ]),
    bound: { comparison: '<', value: 2000 },
  },
  {
    type: 'histogram',
    title: 'Latency',
    unit: 'ms',
    count: 120431,
    percentiles: [
      [50, 212],
      [75, 480],
      [90, 1210],
      [95, 2412],
      [99, 3920],
      [99.9, 5012.4],
      [100, 7204],
    ],
  },
  {
    type: 'reach',
    title: 'Who may reach whom',
    sources: ['shop/web-0', 'shop/db-0'],
    targets: ['shop/web-0 8080/TCP', 'shop/db-0 5432/TCP'],
    cells: [
      ['allow', 'allow'],
      ['deny', 'undefined'],
    ],
  },
  {
    type: 'file',
    title: 'Load result',
    path: 'load/P2-LOAD-001.json',
    mediaType: 'application/json',
    sha256: digest('c'),
    bytes: 48_211,
  },
];
