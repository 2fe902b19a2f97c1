/**
 * What it costs to ask who reaches whom: 100,000 questions of a network with 500 policies and 200 namespaces, of 10,000 pods and of 1,000.
 * Reading the objects is taken off: a question must not cost more where there are more pods.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import { median, timeNode, type Benchmark } from './measure.ts';

const QUESTIONS = 100_000;
const POLICIES = 500;
const NAMESPACES = 200;
const APPS = 17;
const ROUNDS = 3;

export const reach: Benchmark = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-reach-'));
  try {
    const seconds = async (pods: number): Promise<number> => {
      const [objects, questions, one] = ['objects.json', 'questions.jsonl', 'one.jsonl'].map((name) =>
        join(folder, name),
      );
      if (objects === undefined || questions === undefined || one === undefined) return Number.NaN;
      writeFileSync(
        objects,
        objectsOf(pods)
          .map((object) => JSON.stringify(object))
          .join('\n---\n'),
      );
      writeFileSync(questions, questionsOf(pods, QUESTIONS));
      writeFileSync(one, questionsOf(pods, 1));
      const ask = async (file: string): Promise<number> => {
        const golive = join(repositoryRoot(), 'dist', 'golive.js');
        const { cpu, exitCode } = await timeNode([golive, 'reach', objects, '--queries', file], folder, process.env);
        if (exitCode !== 0) throw new Error(`golive reach ended with ${exitCode ?? 'a signal'}`);
        return cpu;
      };
      return (await ask(questions)) - (await ask(one));
    };
    const rounds: { many: number; few: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ many: await seconds(10_000), few: await seconds(1000) });
    const many = median(rounds.map((round) => round.many));
    const few = median(rounds.map((round) => round.few));
    const detail = `${many.toFixed(2)} s / ${few.toFixed(2)} s`;
    return [
      { name: `CPU of ${QUESTIONS} questions of reachability`, value: many, unit: 's', target: 5, detail },
      { name: 'a question among 10,000 pods over one among 1,000', value: many / few, unit: '×', target: 1.3, detail },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const many = <Made>(count: number, make: (index: number) => Made): readonly Made[] =>
  Array.from({ length: count }, (_, index) => make(index));
const namespaceOf = (index: number): string => `ns-${index % NAMESPACES}`;
const app = (index: number): object => ({ matchLabels: { app: `app-${index % APPS}` } });

function objectsOf(pods: number): readonly object[] {
  return [
    ...many(NAMESPACES, (index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespaceOf(index), labels: { team: `team-${index % 20}` } },
    })),
    ...many(pods, (index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `pod-${index}`,
        namespace: namespaceOf(index),
        labels: { app: `app-${index % APPS}`, tier: `${index % 3}` },
      },
      spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
    })),
    ...many(POLICIES, (index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `policy-${index}`, namespace: namespaceOf(index) },
      spec: {
        podSelector: index % 3 === 0 ? {} : app(index),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [
              { podSelector: app(index + 1) },
              { namespaceSelector: { matchLabels: { team: `team-${index % 20}` } } },
            ],
            ports: [{ port: 'http' }, { port: 9000, endPort: 9100 }],
          },
        ],
        egress: [{ to: [{ namespaceSelector: {} }] }],
      },
    })),
  ];
}

/** Spread over all pairs, the same in each run. */
function questionsOf(pods: number, count: number): string {
  const pod = (index: number): string => `${namespaceOf(index % pods)}/pod-${index % pods}`;
  return many(count, (index) =>
    JSON.stringify({
      from: pod(index * 7919),
      to: pod(index * 104_729 + 1),
      port: [8080, 9050, 80][index % 3],
      protocol: 'TCP',
    }),
  ).join('\n');
}
