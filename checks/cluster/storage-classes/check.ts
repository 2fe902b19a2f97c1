import { namespaceList } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { textAt } from '../../contract/json.ts';
import { CLAIMS, mayList, readList, STORAGE_CLASSES } from '../../protocols/kubernetes.ts';

const messages = {
  noClass: {
    says: '{subject}: does not exist, the cluster has no StorageClass at all, expected exactly one default class.',
    fix: 'Install the storage provisioner of the platform with its StorageClass, and annotate that class: storageclass.kubernetes.io/is-default-class: "true".',
  },
  noDefault: {
    says: '{subject}: none of {count} is the default, expected exactly one.',
    fix: 'Annotate the class meant for claims that name none: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true.',
  },
  severalDefaults: {
    says: '{subject}: {names} are all default (the newest, {winner}, wins), expected exactly one.',
    fix: 'Set storageclass.kubernetes.io/is-default-class to "false" on all but the intended one.',
  },
  noProvisioner: {
    says: '{subject}: is the default but its provisioner is "{provisioner}", expected one that creates volumes.',
    fix: 'Make a class with a dynamic provisioner the default, or install the provisioner.',
  },
  claimNotBound: {
    says: '{subject}: is {phase} (class {storageClass}), expected Bound.',
    fix: 'See "kubectl describe pvc" for why no volume was bound, and repair the class, quota or provisioner it names.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    claimNamespaces: {
      ...namespaceList,
      minItems: 0,
      default: [],
      description: 'Namespaces whose PersistentVolumeClaims, where there are any, must all be Bound.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** Either annotation makes a class the default; the beta one is still honoured. */
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
/** Creates nothing: its volumes are made by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

interface Gathered {
  readonly classes: readonly {
    readonly name: string;
    readonly provisioner: string;
    readonly isDefault: boolean;
    /** RFC 3339. */
    readonly created: string;
  }[];
  readonly claims: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly phase: string;
    readonly storageClass: string;
  }[];
  readonly readings: readonly [Reading, ...Reading[]];
}

export const storageClasses = defineCheck({
  meta: {
    kind: 'cluster/storage-classes',
    title: 'There is one default storage class, and the platform’s claims are bound',
    why: 'Without a default class claims stay pending and stateful pods never start; with two, data lands on the wrong disks.',
    sees: 'Every StorageClass with both default annotations and its provisioner, and the phase of every claim in the given namespaces. Not: whether the provisioner works, unless a claim of its class is bound.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ claimNamespaces }: Params) => [
    ...mayList([STORAGE_CLASSES]),
    ...claimNamespaces.flatMap((namespace) => mayList([CLAIMS], namespace)),
  ],
  gather,
  judge,
});

async function gather(
  { claimNamespaces }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const classes = await readList(cluster, STORAGE_CLASSES, { fresh });
  const claims = await Promise.all(claimNamespaces.map((namespace) => readList(cluster, CLAIMS, { namespace, fresh })));
  return {
    classes: classes.items.map((item) => ({
      name: item.metadata.name,
      provisioner: textAt(item, '', 'provisioner'),
      isDefault: DEFAULT_ANNOTATIONS.some((annotation) => item.metadata.annotations?.[annotation] === 'true'),
      created: item.metadata.creationTimestamp ?? '',
    })),
    claims: claims
      .flatMap((list) => list.items)
      .map((item) => ({
        namespace: item.metadata.namespace ?? '',
        name: item.metadata.name,
        phase: textAt(item, 'of unknown phase', 'status', 'phase'),
        storageClass: textAt(item, 'none', 'spec', 'storageClassName'),
      })),
    readings: [classes.reading, ...claims.map((list) => list.reading)],
  };
}

function judge({ claimNamespaces }: Params, gathered: Gathered): Judgement<Id> {
  const { classes, claims, readings } = gathered;
  const subjects = [
    ...classes.map(({ name }) => `StorageClass ${name}`),
    ...claims.map(({ namespace, name }) => `PersistentVolumeClaim ${namespace}/${name}`),
  ];
  const defaults = classes.filter(({ isDefault }) => isDefault);
  const findings: Finding<Id>[] = present([
    classes.length === 0 && { message: 'noClass' as const, subject: 'default StorageClass of the cluster' },
    classes.length > 0 &&
      defaults.length === 0 && {
        message: 'noDefault' as const,
        subject: 'Storage classes',
        data: { count: classes.length },
      },
    defaults.length > 1 && {
      message: 'severalDefaults' as const,
      subject: 'Storage classes',
      data: { names: nameList(defaults.map(({ name }) => name)), winner: newest(defaults) },
    },
    ...defaults.map(
      ({ name, provisioner }) =>
        (provisioner === '' || provisioner === NO_PROVISIONER) && {
          message: 'noProvisioner' as const,
          subject: `StorageClass ${name}`,
          data: { provisioner },
        },
    ),
    ...claims.map(
      ({ namespace, name, phase, storageClass }) =>
        phase !== 'Bound' && {
          message: 'claimNotBound' as const,
          subject: `PersistentVolumeClaim ${namespace}/${name}`,
          data: { phase, storageClass },
        },
    ),
  ]);
  const lists = 1 + claimNamespaces.length;
  if (findings.length === 0 && readings.length < lists)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${readings.length} of ${lists} lists were read: the StorageClasses, and the claims of each namespace. Look again.`,
      evidence: evidenceOf(gathered),
    };
  return judged(findings, subjects, evidenceOf(gathered), '');
}

/** The class that Kubernetes (1.26 and later) gives to claims when several are default: the newest, by name where equally old. */
function newest(defaults: Gathered['classes']): string {
  const sorted = [...defaults].sort((a, b) => b.created.localeCompare(a.created) || a.name.localeCompare(b.name));
  return sorted[0]?.name ?? '';
}

function evidenceOf({ classes, claims, readings }: Gathered): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Storage classes',
      ['name', 'provisioner', 'default', 'created'],
      classes.map(({ name, provisioner, isDefault, created }) => [name, provisioner, isDefault, created]),
    ),
    table(
      'Persistent volume claims',
      ['namespace', 'name', 'phase', 'class'],
      claims.map(({ namespace, name, phase, storageClass }) => [namespace, name, phase, storageClass]),
    ),
    ...readings.map(readingEvidence),
  ];
}
