/** Judges whether a pod that is not ready got traffic, and whether it could have. */
import { objectSubject, subjectText, type Say, type Subject } from '../../kit/kind.ts';
import { nameList, table } from '../../kit/evidence.ts';
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
} as const;

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
export interface Seen {
  readonly before: readonly BackendPod[];
  /** Why no pod could be made that tells something. */
  readonly cannot: string | null;
  readonly pod?: string;
  readonly probe?: ProbeState;
  readonly answers?: Answers;
  readonly after?: readonly BackendPod[];
  readonly probeAfter?: ProbeState;
}
interface Params {
  readonly namespace: string;
  readonly service: string;
  readonly podHeader: string;
  readonly startWithin: string;
}

/** Chance of seeing none of its answers although the pod got its share that is taken for none. */
const CHANCE = 0.001;
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

export function judge(params: Params, seen: Seen, say: Say<typeof messages>): void {
  const { namespace, service } = params;
  const subject = objectSubject('Service', { namespace, name: service });
  const { before, cannot, pod, probe, answers, probeAfter } = seen;
  const unknown = (why: string): void =>
    say.unsure('no-positive-control', `${subjectText(subject)}: ${why}.`, { subject });
  say.judged(subject);
  show(subject, seen, say);
  const ready = before.filter((one) => one.ready).length;
  if (ready === 0) return say.fail('noneReady', subject, { count: before.length });
  if (cannot !== null || pod === undefined || !probe)
    return unknown(`whether pods that are not ready get traffic is unknown: ${cannot ?? 'no pod was made'}`);
  if ([probe, probeAfter].some((state) => state?.listed === 'ready' && !state.isReady))
    say.fail('listedReady', subject, { pod });
  if (answers) judgeAnswers(seen, answers, subject, say);
  const doubt = doubtOf(params, pod, probe, seen);
  if (doubt !== null) return unknown(doubt);
  const asked = answers?.asked ?? 0;
  const chance = (ready / (ready + 1)) ** asked;
  if (chance > CHANCE)
    say.unsure(
      'too-few-samples',
      `${subjectText(subject)}: of ${asked} requests to ${ready} ready pods and one that is not, none at that one is no surprise (${chance.toPrecision(2)}). Raise params.requests.`,
      { subject },
    );
}

/** What the answers show, whoever was asked how often. */
function judgeAnswers(
  { before, after = [], pod }: Seen,
  { asked, byPod, failures }: Answers,
  subject: Subject,
  say: Say<typeof messages>,
): void {
  for (const [name, count] of Object.entries(byPod)) {
    const known = [...before, ...after].filter((one) => one.name === name);
    if (known.some(({ ready }) => ready)) continue;
    say.fail(name === pod || known.length > 0 ? 'gotTraffic' : 'foreign', subject, { pod: name, count, asked });
  }
  const failed = total(failures);
  const how = nameList(Object.entries(failures).map(([what, count]) => `${count} ${what}`));
  if (failed > 0) say.fail('failed', subject, { count: failed, asked, how });
}

/** Why the answers prove nothing; null where they do. */
function doubtOf(
  { startWithin, podHeader }: Params,
  pod: string,
  probe: ProbeState,
  { answers, probeAfter }: Seen,
): string | null {
  if (!probe.isRunning) return `Pod ${pod} did not run within ${startWithin}: ${probe.why}`;
  if (probe.listed === null)
    return `Pod ${pod} was not listed in its EndpointSlices within ${startWithin}, so no gateway could know it`;
  if (!answers || !probeAfter) return `nothing was asked while Pod ${pod} was there`;
  if (probe.isReady || probeAfter.isReady)
    return `Pod ${pod} was ready, although nobody should have set its readiness gate`;
  if (!probeAfter.isRunning || probeAfter.listed === null)
    return `Pod ${pod} was not there any more when the requests had been answered: ${probeAfter.why}`;
  if (answers.unnamed > 0) return `${answers.unnamed} of ${answers.asked} answers name no pod in ${podHeader}`;
  const named = total(answers.byPod);
  return named < answers.asked ? `of ${answers.asked} requests only ${named} were counted` : null;
}

function show(
  subject: Subject,
  { before, after = [], pod, probe, probeAfter, answers }: Seen,
  say: Say<typeof messages>,
): void {
  const stateText = (state: ProbeState | undefined): string =>
    state
      ? `${state.isRunning ? 'running' : state.why}, ${state.isReady ? 'ready' : 'not ready'}, in EndpointSlices: ${state.listed ?? 'not listed'}`
      : 'not looked at';
  const readyIn = (pods: readonly BackendPod[], name: string): string | null => {
    const found = pods.find((one) => one.name === name);
    return found ? (found.ready ? 'ready' : 'not ready') : null;
  };
  const { byPod = {}, failures = {}, unnamed = 0, asked = 0 } = answers ?? {};
  const names = new Set([...[...before, ...after].map(({ name }) => name), ...Object.keys(byPod)]);
  say.show(
    table(
      `Pods of ${subjectText(subject)}, and who answered ${asked} requests`,
      ['pod', 'before', 'after', 'answers'],
      [
        ...[...names]
          .filter((name) => name !== pod)
          .map((name) => [name, readyIn(before, name), readyIn(after, name), byPod[name] ?? 0]),
        ...(pod === undefined
          ? []
          : [[`${pod} (made for this)`, stateText(probe), stateText(probeAfter), byPod[pod] ?? 0]]),
        ['no pod named', null, null, unnamed],
        ...Object.entries(failures).map(([what, count]) => [`failed: ${what}`, null, null, count]),
      ],
    ),
  );
}
