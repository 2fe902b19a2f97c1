/**
 * What the four kinds that judge security contexts share: reading every pod template and pod, applying one rule of the Pod
 * Security Standards to each, and taking out what is exempt. The rules themselves are in k8s/semantics/pod-security.ts.
 */
import { containersOf, isWindowsPod, type PodToJudge, type Violation } from '../../k8s/semantics/pod-security.ts';
import { exemptions, namespaceList } from '../contract/param-schemas.ts';
import { rowsOf, shortened, table } from '../kit/evidence.ts';
import { kind, objectSubject, type CheckKind, type ParamsOf, type Say } from '../kit/kind.ts';
import {
  mayReadWorkloads,
  readWorkloads,
  sourceSubject,
  type PodSource,
  type Workloads,
} from '../protocols/workloads.ts';

/** A version of the standard as labels write it. */
export const standardVersion = (description: string) =>
  ({ type: 'string', pattern: '^(latest|v1\\.(0|[1-9][0-9]*))$', default: 'latest', description }) as const;

const params = { namespaces: namespaceList, exemptions } as const;
type Params = ParamsOf<typeof params, 'namespaces'>;
type Exemption = Params['exemptions'][number];

/** What a pod breaks; each kind has its own fix. */
export const VIOLATES = '{subject}: {where}{path} is {actual}, expected {expected}.';
type Violates = Readonly<Record<'violates', { readonly says: typeof VIOLATES; readonly fix: string }>>;

interface Rule {
  /** Windows pods cannot have it: they are not judged, and do not count. */
  readonly linuxOnly: boolean;
  readonly rule: (pod: PodToJudge) => readonly Violation[];
}
/** What one of these kinds says of itself, and its rule. */
interface SecurityContextKind extends Rule {
  readonly title: string;
  readonly why: string;
  readonly sees: readonly string[];
  readonly not: readonly string[];
  readonly fix: string;
}

export function securityContextKind(name: `workloads/${string}`, own: SecurityContextKind): CheckKind {
  const { title, why, sees, not, fix } = own;
  return kind(name, {
    title,
    why,
    sees,
    not,
    needs: ['cluster'],
    required: ['namespaces'],
    params,
    messages: { violates: { says: VIOLATES, fix } },
    rights: ({ namespaces }) => mayReadWorkloads(namespaces),
    gather: ({ namespaces }, { cluster }, context) => readWorkloads(cluster, namespaces, context),
    judge: (given, seen, say) => {
      judgeSources(own, given, seen, say);
    },
  });
}

/** Judges every pod source by the rule; a namespace with nothing to judge leaves a doubt. */
export function judgeSources(
  own: Rule,
  { namespaces, exemptions }: Params,
  { sources, leftOut }: Workloads,
  say: Say<Violates>,
): void {
  const results = sources
    .filter(({ podSpec }) => !own.linuxOnly || !isWindowsPod(podSpec))
    .map((source) => judgeSource(own, source, exemptions));
  const looked = results.filter(({ containers, violations }) => containers.length + violations.length > 0);
  const byOwner = new Map(looked.map((result) => [result.source.owner, result]));
  for (const { source, violations } of looked) {
    say.judged(sourceSubject(source.owner));
    // A pod repeats what its template says; only what the template does not have is a finding of its own.
    const known = source.owner === source.workload ? [] : (byOwner.get(source.workload)?.violations ?? []);
    const keys = new Set(known.map(ruleOf));
    for (const violation of violations)
      if (keys.size === 0 || !keys.has(ruleOf(violation))) fail(source, violation, say);
  }
  for (const name of namespaces.filter((one) => !looked.some(({ source }) => source.namespace === one)))
    say.unsure(
      'no-subjects',
      `Nothing to judge in namespace ${name}: it is missing or empty, or all in it is exempt.`,
      { subject: objectSubject('Namespace', { name }) },
    );
  say.show(
    table(
      `Pod templates and pods (${leftOut} that have ended left out)`,
      ['pod source', 'belongs to', 'containers judged', 'violations'],
      rowsOf(results, ({ source, containers, violations }) => [
        source.owner,
        source.workload,
        containers.join(', '),
        violations.map(({ message }) => message).join('; '),
      ]),
    ),
  );
  if (exemptions.length === 0) return;
  const uses = (exemption: Exemption): number => results.filter(({ exempt }) => exempt.includes(exemption)).length;
  say.show(
    table(
      'Exemptions',
      ['workload', 'container', 'reason', 'pod sources it matched'],
      exemptions.map((exemption) => [exemption.workload, exemption.container, exemption.reason, uses(exemption)]),
    ),
  );
}

/** The containers that are not exempt, by name, and what the rule says of them. */
function judgeSource(own: Rule, source: PodSource, exemptions: readonly Exemption[]) {
  const exempt = exemptions.filter(({ workload }) => workload === source.workload || workload === source.owner);
  const isExempt = (name = '*'): boolean => exempt.some(({ container }) => container === name || container === '*');
  const containers = [...new Set(containersOf(source.podSpec, source.specPath).map(({ name }) => name))];
  const pod = { spec: source.podSpec, metadata: source.podMetadata, specPath: source.specPath };
  return {
    source,
    exempt,
    containers: containers.filter((name) => !isExempt(name)),
    violations: own.rule(pod).filter(({ container }) => !isExempt(container)),
  };
}

const ruleOf = ({ control, container, actual }: Violation): string => JSON.stringify([control, container, actual]);

function fail({ owner }: PodSource, { container, path, actual, expected }: Violation, say: Say<Violates>): void {
  const data = {
    where: container === undefined ? '' : `container ${container}: `,
    path,
    actual: actual === null ? 'not set' : shortened(JSON.stringify(actual), 100),
    expected,
  };
  say.fail('violates', { ...sourceSubject(owner), ...(container === undefined ? {} : { container }) }, data, { path });
}
