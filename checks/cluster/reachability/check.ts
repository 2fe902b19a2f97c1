import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { refuseRefusal } from '../../protocols/kubernetes.ts';

const messages = {
  checkFailed: {
    says: '{subject}: answered "{actual}", expected [+]… ok.',
    fix: 'Read the API server log for that health check and repair what it names before anything is deployed.',
  },
  notReady: {
    says: '{subject}: /readyz answered {status}, expected 200 and "readyz check passed".',
    fix: 'Wait until the control plane is ready, or repair the API server that answers here.',
  },
  anonymous: {
    says: '{subject}: the API server takes the gate for {user}, expected an authenticated user.',
    fix: 'Give the kubeconfig context a valid credential.',
  },
  slow: {
    says: '{subject}: the median round trip took {actual}, expected at most {expected}.',
    fix: 'Look for load on the control plane or for a slow path between the gate and the API server.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    maxRoundTrip: duration('Longest median time a request to the API server may take.', '2s'),
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** Asked several times: behind a load balancer each answer may come from another API server. */
const ASKED = 3;
const PATH = '/readyz?verbose';

interface Gathered {
  readonly where: string;
  readonly answers: readonly { readonly status: number; readonly body: string; readonly ms: number }[];
  readonly user: string;
  readonly groups: readonly string[];
}

export const reachability = defineCheck({
  meta: {
    kind: 'cluster/reachability',
    title: 'The API server is reachable, ready and knows who asks',
    why: 'Nothing else the gate says about the cluster holds when it talks to a sick API server, or to none.',
    sees: `Every line of /readyz?verbose, asked ${ASKED} times, the user the API server takes the gate for, and the round-trip time. Not: the health of nodes or of the other control-plane components.`,
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [
    { groups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/readyz'] },
    { groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ],
  gather,
  judge,
});

async function gather(_: Params, { cluster }: Pick<Capabilities, 'cluster'>): Promise<Gathered> {
  const answers: Gathered['answers'][number][] = [];
  for (let asked = 0; asked < ASKED; asked += 1) {
    const answer = await cluster.raw(PATH);
    refuseRefusal(PATH, answer);
    answers.push(answer);
  }
  const { user, groups } = await cluster.whoAmI();
  return { where: cluster.where, answers, user, groups };
}

interface ReadyLine {
  readonly name: string;
  readonly ok: boolean;
  readonly line: string;
}

/** The lines `[+]name ok` and `[-]name failed: …`; anything but a plain "ok" counts as failed. */
function readyLines(body: string): ReadyLine[] {
  return body
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => ({
      name: /^\[.\](\S+)/.exec(line)?.[1] ?? line,
      ok: /^\[\+\]\S+ ok$/.test(line.trim()),
      line: line.trim(),
    }));
}

function judge({ maxRoundTrip }: Params, gathered: Gathered): Judgement<Id> {
  const { answers, where, user, groups } = gathered;
  const lines = answers.map((answer) => readyLines(answer.body));
  const evidence = evidenceOf(gathered, maxRoundTrip);
  const silent = answers.findIndex((answer, index) => answer.status === 200 && lines[index]?.length === 0);
  if (answers.length === 0 || silent >= 0) {
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${where}: ${PATH} answered 200 without one "[+]… ok" line: something else than an API server may be answering.`,
      evidence,
    };
  }
  const subject = `API server ${where}`;
  const checks = new Map<string, ReadyLine>();
  for (const line of lines.flat()) if (checks.get(line.name)?.ok !== false) checks.set(line.name, line);
  const unready = answers.find((answer) => answer.status !== 200 || !answer.body.includes('readyz check passed'));
  const anonymous = user === 'system:anonymous' || groups.includes('system:unauthenticated');
  const median = medianMs(answers);
  const findings: Finding<Id>[] = present([
    ...[...checks.values()].map(
      (line) =>
        !line.ok && { message: 'checkFailed' as const, subject: `readyz ${line.name}`, data: { actual: line.line } },
    ),
    unready && { message: 'notReady' as const, subject, data: { status: unready.status } },
    anonymous && { message: 'anonymous' as const, subject, data: { user } },
    median > durationMs(maxRoundTrip) && {
      message: 'slow' as const,
      subject,
      data: { actual: formatMs(median), expected: maxRoundTrip },
    },
  ]);
  return judged(findings, [subject, ...[...checks.keys()].map((name) => `readyz ${name}`)], evidence, '');
}

function medianMs(answers: Gathered['answers']): number {
  const sorted = answers.map((answer) => answer.ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function evidenceOf({ where, answers, user, groups }: Gathered, maxRoundTrip: string) {
  return [
    {
      type: 'query',
      title: 'Readiness of the API server',
      language: 'kubernetes',
      query: `GET ${PATH} at ${where}`,
      answer: shortened(answers.at(-1)?.body ?? 'no answer'),
    },
    table(
      'Answers',
      ['status', 'round trip, ms'],
      answers.map((answer) => [answer.status, answer.ms]),
    ),
    { type: 'text', title: 'The gate is known as', text: `${user} (groups: ${groups.join(', ') || 'none'})` },
    {
      type: 'value',
      title: 'Median round trip',
      value: medianMs(answers),
      unit: 'ms',
      bound: { comparison: '<=', value: durationMs(maxRoundTrip) },
    },
  ] as const;
}
