import type { Evidence, Finding, Judgement, NonEmpty } from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { addressOf } from '../../protocols/api-requests.ts';
import type { Params } from './check.ts';
import type { BackendPod } from './probe-pod.ts';

export const messages = {
  noneReady: {
    says: '{subject}: none of its {count} pods is ready, expected at least one that answers.',
    fix: 'See why the pods are not ready, or correct the name of the Service.',
  },
  listedReady: {
    says: '{subject}: Pod {pod} is not ready and its EndpointSlices say it is, expected not.',
    fix: 'Remove publishNotReadyAddresses from the Service; a gateway has nothing else to go by.',
  },
  gotTraffic: {
    says: '{subject}: {count} of {asked} requests were answered by Pod {pod}, which was not ready; expected none.',
    fix: 'See that the gateway takes its backends from EndpointSlices and only those with the condition ready.',
  },
  foreign: {
    says: '{subject}: {count} of {asked} requests were answered by {pod}, which is no pod of this Service; expected its ready pods alone.',
    fix: 'Correct params.endpoint: it must lead to this Service and to no other.',
  },
  failed: {
    says: '{subject}: {count} of {asked} requests failed ({how}) while a pod that is not ready was there; expected none.',
    fix: 'See where the gateway sent them: a request that fails may have gone to the pod that was not ready.',
  },
};
type Id = keyof typeof messages;

/** The pod that is not ready, at one moment. */
export interface ProbeState {
  /** Phase Running, all its containers ready: it would answer. */
  readonly isRunning: boolean;
  readonly isReady: boolean;
  /** How the EndpointSlices of the Service list it; null: not at all. */
  readonly listed: 'ready' | 'not ready' | null;
  readonly why: string;
}
export interface Answers {
  readonly asked: number;
  /** Answers by the pod they name, errors among them. */
  readonly byPod: Readonly<Record<string, number>>;
  /** Requests without a 2xx, by what happened. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers of 2xx that name no pod. */
  readonly unnamed: number;
}
export interface Gathered {
  readonly before: readonly BackendPod[];
  /** Why no pod could be made that tells something. */
  readonly cannot: string | null;
  readonly pod?: string;
  readonly probe?: ProbeState;
  readonly answers?: Answers;
  readonly after?: readonly BackendPod[];
  readonly probeAfter?: ProbeState;
}

/** Chance of seeing none of its answers although the pod got its share that is taken for none. */
const CHANCE = 0.001;

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const subject = `Service ${params.namespace}/${params.service}`;
  const { before, cannot, probe, answers, probeAfter } = gathered;
  const evidence = evidenceOf(params, gathered);
  const unknown = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'no-positive-control',
    why: `${subject}: ${why}.`,
    evidence,
  });
  const ready = before.filter((pod) => pod.ready);
  if (ready.length === 0)
    return judged<Id>([{ message: 'noneReady', subject, data: { count: before.length } }], [subject], evidence, '');
  if (cannot !== null) return unknown(`whether pods that are not ready get traffic cannot be told: ${cannot}`);
  const { pod } = gathered;
  if (pod === undefined || !probe) throw new RangeError('no pod was made, and nothing says why');
  if (probe.listed === 'ready' && !probe.isReady)
    return judged<Id>(
      [{ message: 'listedReady', subject, data: { pod } }, ...answered(gathered, subject)],
      [subject],
      evidence,
      '',
    );
  if (!probe.isRunning) return unknown(`Pod ${pod} did not run within ${params.startWithin}: ${probe.why}`);
  if (probe.listed === null)
    return unknown(
      `Pod ${pod} was not listed in its EndpointSlices within ${params.startWithin}, so no gateway could know it`,
    );
  if (!answers || !probeAfter) throw new RangeError('a pod was there and nothing was asked');
  const findings = answered(gathered, subject);
  if (findings.length > 0) return judged(findings, [subject], evidence, '');
  if (probe.isReady || probeAfter.isReady)
    return unknown(`Pod ${pod} was ready, although nobody should have set its readiness gate`);
  if (!probeAfter.isRunning || probeAfter.listed !== 'not ready')
    return unknown(`Pod ${pod} was not there any more when the requests had been answered: ${probeAfter.why}`);
  if (answers.unnamed > 0)
    return unknown(`${answers.unnamed} of ${answers.asked} answers name no pod in ${params.podHeader}`);
  const named = Object.values(answers.byPod).reduce((sum, count) => sum + count, 0);
  if (named < answers.asked) return unknown(`of ${answers.asked} requests only ${named} were counted`);
  const chance = (ready.length / (ready.length + 1)) ** answers.asked;
  if (chance > CHANCE) {
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: of ${answers.asked} requests to ${ready.length} ready pods and one that is not, none at that one is no surprise (${chance.toPrecision(2)}). Raise params.requests.`,
      evidence,
    };
  }
  return judged<Id>([], [subject], evidence, '');
}

/** What the answers show, whoever was asked how often. */
function answered({ before, after = [], pod, answers }: Gathered, subject: string): readonly Finding<Id>[] {
  if (!answers) return [];
  const { asked, byPod, failures } = answers;
  const own = [...before, ...after];
  const byOthers = Object.entries(byPod).flatMap(([name, count]): Finding<Id>[] => {
    const data = { pod: name, count, asked };
    const known = own.filter((one) => one.name === name);
    if (known.some(({ ready }) => ready)) return [];
    return [{ message: name === pod || known.length > 0 ? 'gotTraffic' : 'foreign', subject, data }];
  });
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const how = nameList(Object.entries(failures).map(([what, count]) => `${count} ${what}`));
  return failed === 0 ? byOthers : [...byOthers, { message: 'failed', subject, data: { count: failed, asked, how } }];
}

function evidenceOf(
  params: Params,
  { before, after = [], pod, probe, probeAfter, answers }: Gathered,
): NonEmpty<Evidence> {
  const stateText = (state: ProbeState | undefined): string =>
    state
      ? `${state.isRunning ? 'running' : state.why}, ${state.isReady ? 'ready' : 'not ready'}, in EndpointSlices: ${state.listed ?? 'not listed'}`
      : 'not looked at';
  const readyAt = (pods: readonly BackendPod[], name: string): string | null => {
    const found = pods.find((one) => one.name === name);
    return found ? (found.ready ? 'ready' : 'not ready') : null;
  };
  const names = [...new Set([...before, ...after].map(({ name }) => name)), ...Object.keys(answers?.byPod ?? {})];
  const rows = [...new Set(names)].filter((name) => name !== pod);
  return [
    table(
      `Pods of Service ${params.namespace}/${params.service}`,
      ['pod', 'before', 'after', 'answers'],
      [
        ...rows.map((name) => [name, readyAt(before, name), readyAt(after, name), answers?.byPod[name] ?? 0]),
        ...(pod === undefined
          ? []
          : [[`${pod} (made for this)`, stateText(probe), stateText(probeAfter), answers?.byPod[pod] ?? 0]]),
      ],
    ),
    ...(answers
      ? [
          {
            type: 'query',
            title: 'What was asked',
            language: 'http',
            query: `GET ${addressOf(params.endpoint, params.path).url}`,
            answer: `${answers.asked} times, ${Object.values(answers.failures).reduce((sum, count) => sum + count, 0)} failed, ${answers.unnamed} without ${params.podHeader}`,
          } as const,
        ]
      : []),
  ];
}
