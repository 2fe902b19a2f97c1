/**
 * What the four kinds that judge security contexts share: reading every pod template and pod, applying one rule of the Pod
 * Security Standards to each, and taking out what is exempt. The rules themselves are in k8s/semantics/pod-security.ts.
 */
import { containersOf, isWindowsPod, type PodToJudge, type Violation } from '../../k8s/semantics/pod-security.ts';
import { exemptions, namespaceList } from '../contract/param-schemas.ts';
import {
  defineCheck,
  type CheckKind,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../kit/define-check.ts';
import { nameList, readingEvidence, shortened, table } from '../kit/evidence.ts';
import { judged } from '../kit/judged.ts';
import { mayReadWorkloads, readWorkloads, type PodSource, type Workloads } from '../protocols/workloads.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespaces'],
  properties: { namespaces: namespaceList, exemptions },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;
type Exemption = Params['exemptions'][number];

/** What one of these kinds says of itself, and its rule. */
export interface SecurityContextKind {
  readonly kind: `workloads/${string}`;
  readonly title: string;
  readonly why: string;
  readonly sees: string;
  readonly fix: string;
  /** Windows pods cannot have it: they are not judged, and do not count. */
  readonly linuxOnly: boolean;
  readonly rule: (pod: PodToJudge) => readonly Violation[];
}

type Rule = Pick<SecurityContextKind, 'linuxOnly' | 'rule'>;

export function defineSecurityContextKind(own: SecurityContextKind): CheckKind {
  return defineCheck({
    meta: {
      kind: own.kind,
      title: own.title,
      why: own.why,
      sees: own.sees,
      needs: ['cluster'],
      effect: 'read-only',
      params,
      messages: { violates: { says: '{subject}: {where}{path} is {actual}, expected {expected}.', fix: own.fix } },
    },
    permissions: ({ namespaces }: Params) => mayReadWorkloads(namespaces),
    gather: async ({ namespaces }: Params, { cluster }, context): Promise<Workloads> =>
      await readWorkloads(cluster, namespaces, context),
    judge: (params: Params, gathered: Workloads) => judgeSources(own, params, gathered),
  });
}

interface JudgedSource {
  readonly source: PodSource;
  /** Names of the containers that were judged, exempt ones left out. */
  readonly containers: readonly string[];
  readonly violations: readonly Violation[];
  readonly exempt: readonly Exemption[];
}

/** Judges every pod source by the rule; a namespace with nothing to judge makes it inconclusive. */
export function judgeSources(
  own: Rule,
  { namespaces, exemptions }: Params,
  gathered: Workloads,
): Judgement<'violates'> {
  const all = gathered.sources.filter(({ podSpec }) => !own.linuxOnly || !isWindowsPod(podSpec));
  const results = all.map((source) => judgeSource(own, source, exemptions));
  const looked = results.filter(({ containers, violations }) => containers.length + violations.length > 0);
  const evidence = evidenceOf(results, exemptions, gathered);
  const findings = looked.flatMap((result) => findingsOf(result, looked));
  const empty = namespaces.filter((namespace) => !looked.some(({ source }) => source.namespace === namespace));
  if (findings.length === 0 && empty.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `Nothing to judge in ${nameList(empty.map((namespace) => `namespace ${namespace}`))}: it is missing or empty, or all in it is exempt.`,
      evidence,
    };
  return judged(
    findings,
    looked.map(({ source }) => source.owner),
    evidence,
    'No pod template and no pod was found.',
  );
}

function judgeSource(own: Rule, source: PodSource, exemptions: readonly Exemption[]): JudgedSource {
  const mine = exemptions.filter(({ workload }) => workload === source.workload || workload === source.owner);
  const isExempt = (name: string): boolean => mine.some(({ container }) => container === name || container === '*');
  const containers = [...new Set(containersOf(source.podSpec).map(({ name }) => name))].filter(
    (name) => !isExempt(name),
  );
  const pod = { spec: source.podSpec, metadata: source.podMetadata, specPath: source.specPath };
  const violations = own
    .rule(pod)
    .filter(({ container }) =>
      container === undefined ? !mine.some(({ container }) => container === '*') : !isExempt(container),
    );
  return { source, containers, violations, exempt: mine };
}

/** A pod repeats what its template says; only what the template does not have is a finding of its own. */
function findingsOf({ source, violations }: JudgedSource, all: readonly JudgedSource[]): Finding<'violates'>[] {
  const template = all.find(({ source: other }) => other !== source && other.owner === source.workload);
  return violations
    .filter((violation) => !template?.violations.some((known) => sameRule(known, violation)))
    .map(({ container, path, actual, expected }) => ({
      message: 'violates' as const,
      subject: source.owner,
      data: {
        where: container === undefined ? '' : `container ${container}: `,
        path,
        actual: actual === null ? 'not set' : shortened(JSON.stringify(actual), 100),
        expected,
      },
    }));
}

function sameRule(a: Violation, b: Violation): boolean {
  return (
    a.control === b.control && a.container === b.container && JSON.stringify(a.actual) === JSON.stringify(b.actual)
  );
}

function evidenceOf(
  results: readonly JudgedSource[],
  exemptions: readonly Exemption[],
  { leftOut, readings }: Workloads,
): readonly [Evidence, ...Evidence[]] {
  const uses = (exemption: Exemption): number => results.filter(({ exempt }) => exempt.includes(exemption)).length;
  return [
    table(
      `Pod templates and pods (${leftOut} ended or leaving ones left out)`,
      ['pod source', 'belongs to', 'containers judged', 'violations'],
      results.map(({ source, containers, violations }) => [
        source.owner,
        source.workload,
        containers.join(', '),
        violations.map(({ message }) => message).join('; '),
      ]),
    ),
    ...(exemptions.length === 0
      ? []
      : [
          table(
            'Exemptions',
            ['workload', 'container', 'reason', 'pod sources it matched'],
            exemptions.map((exemption) => [exemption.workload, exemption.container, exemption.reason, uses(exemption)]),
          ),
        ]),
    ...readings.map(readingEvidence),
  ];
}
