import { textAt } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, objectSubject } from '../../kit/kind.ts';
import { CLAIMS, mayList, STORAGE_CLASSES } from '../../protocols/kubernetes.ts';

/** Either annotation makes a class the default; the beta one is still honoured. */
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
/** Creates nothing: its volumes are made by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export const storageClasses = kind('cluster/storage-classes', {
  title: 'There is one default storage class, and the platform’s claims are bound',
  why: 'Without a default class claims stay pending and stateful pods never start; with two, data lands on the wrong disks.',
  sees: [
    'Every StorageClass with both default annotations and its provisioner.',
    'The phase of every claim in the given namespaces.',
  ],
  not: ['Whether the provisioner works, unless a claim of its class is bound.'],
  needs: ['cluster'],
  params: {
    claimNamespaces: {
      ...namespaceList,
      minItems: 0,
      default: [],
      description: 'Namespaces whose PersistentVolumeClaims, where there are any, must all be Bound.',
    },
  },
  messages: {
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
  },
  rights: ({ claimNamespaces }) => [
    ...mayList([STORAGE_CLASSES]),
    ...claimNamespaces.flatMap((namespace) => mayList([CLAIMS], namespace)),
  ],

  async gather({ claimNamespaces }, { cluster }, { fresh }) {
    const classes = await cluster.list(STORAGE_CLASSES, { fresh });
    const claims = await Promise.all(claimNamespaces.map((namespace) => cluster.list(CLAIMS, { namespace, fresh })));
    return {
      classes: classes.items.map((item) => ({
        name: item.metadata.name,
        provisioner: textAt(item, '', 'provisioner'),
        isDefault: DEFAULT_ANNOTATIONS.some((annotation) => item.metadata.annotations?.[annotation] === 'true'),
        /** RFC 3339. */
        created: item.metadata.creationTimestamp ?? '',
      })),
      claims: claims
        .flatMap((list) => list.items)
        .map((item) => ({
          namespace: item.metadata.namespace ?? '',
          name: item.metadata.name,
          phase: textAt(item, '', 'status', 'phase'),
          storageClass: textAt(item, 'none', 'spec', 'storageClassName'),
        })),
    };
  },

  judge(_, { classes, claims }, say) {
    const defaults = classes.filter(({ isDefault }) => isDefault);
    if (classes.length === 0) say.fail('noClass', 'default StorageClass of the cluster');
    else if (defaults.length === 0) say.fail('noDefault', 'Storage classes', { count: classes.length });
    if (defaults.length > 1) {
      const names = nameList(defaults.map(({ name }) => name));
      say.fail('severalDefaults', 'Storage classes', { names, winner: newest(defaults) });
    }
    for (const { name, provisioner, isDefault } of classes) {
      const subject = objectSubject('StorageClass', { name });
      say.judged(subject);
      if (isDefault && (provisioner === '' || provisioner === NO_PROVISIONER))
        say.fail('noProvisioner', subject, { provisioner }, { path: 'provisioner' });
    }
    for (const { namespace, name, phase, storageClass } of claims) {
      const subject = objectSubject('PersistentVolumeClaim', { namespace, name });
      say.judged(subject);
      if (phase === '') say.unknown(subject, 'its phase');
      else if (phase !== 'Bound') say.fail('claimNotBound', subject, { phase, storageClass }, { path: 'status.phase' });
    }
    say.show(
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
    );
  },
});

/** The class that Kubernetes (1.26 and later) gives to claims when several are default: the newest, by name where equally old. */
function newest(defaults: readonly { readonly name: string; readonly created: string }[]): string {
  const sorted = [...defaults].sort((a, b) => b.created.localeCompare(a.created) || a.name.localeCompare(b.name));
  return sorted[0]?.name ?? '';
}
