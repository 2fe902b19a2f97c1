import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { refuseRefusal } from '../../protocols/kubernetes.ts';

/** Asked several times: behind a load balancer each answer may come from another API server. */
const ASKED = 3;
const PATH = '/readyz?verbose';

export const reachability = kind('cluster/reachability', {
  title: 'The API server is reachable, ready and accepts the gate’s credentials',
  why: 'Nothing else the gate says about the cluster holds when it talks to a sick API server, or to none.',
  sees: [
    `Every line of /readyz?verbose, asked ${ASKED} times.`,
    'The user the API server takes the gate for.',
    'The median round-trip time of these requests.',
  ],
  not: ['The health of nodes or of the other control-plane components.'],
  needs: ['cluster'],
  params: { maxRoundTrip: duration('Longest median time a request to the API server may take.', '2s') },
  messages: {
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
  },
  rights: () => [
    { groups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/readyz'] },
    { groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ],

  async gather(_, { cluster }) {
    const answers: { status: number; body: string; ms: number }[] = [];
    for (let asked = 0; asked < ASKED; asked += 1) {
      const answer = await cluster.raw(PATH);
      refuseRefusal(PATH, answer);
      answers.push(answer);
    }
    return { where: cluster.where, answers, ...(await cluster.whoAmI()) };
  },

  judge({ maxRoundTrip }, { answers, where, user, groups }, say) {
    const subject = `API server ${where}`;
    const lines = answers.map(({ body }) => readyLines(body));
    const bound = { comparison: '<=', value: durationMs(maxRoundTrip) } as const;
    const [middle] = answers
      .map(({ ms }) => ms)
      .sort((a, b) => a - b)
      .slice(Math.floor(answers.length / 2));
    const isPage = (at: number): boolean => answers[at]?.status === 200 && lines[at]?.length === 0;
    const unready = answers.find(
      ({ status, body }, at) => !isPage(at) && (status !== 200 || !body.includes('readyz check passed')),
    );
    // Of several answers the worst counts.
    const checks = new Map<string, ReadyLine>();
    for (const line of lines.flat()) if (checks.get(line.name)?.ok !== false) checks.set(line.name, line);
    say.judged(subject);
    say.show(
      { type: 'text', title: `GET ${PATH} at ${where}`, text: shortened(answers.at(-1)?.body ?? 'no answer') },
      table(
        'Answers',
        ['status', 'round trip, ms'],
        answers.map(({ status, ms }) => [status, ms]),
      ),
      { type: 'text', title: 'The gate is known as', text: `${user} (groups: ${groups.join(', ') || 'none'})` },
      { type: 'value', title: 'Median round trip', value: middle ?? 0, unit: 'ms', bound },
    );
    if (middle === undefined || answers.some((_, at) => isPage(at)))
      say.unsure(
        'no-subjects',
        `${where}: ${PATH} answered 200 without one "[+]… ok" line: something else than an API server may be answering.`,
      );
    for (const { name, ok, line } of checks.values()) {
      say.judged(`readyz ${name}`);
      if (!ok) say.fail('checkFailed', `readyz ${name}`, { actual: line });
    }
    if (unready) say.fail('notReady', subject, { status: unready.status });
    if (user === 'system:anonymous' || groups.includes('system:unauthenticated'))
      say.fail('anonymous', subject, { user });
    if (middle !== undefined && middle > bound.value)
      say.fail('slow', subject, { actual: formatMs(middle), expected: maxRoundTrip });
  },
});

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
