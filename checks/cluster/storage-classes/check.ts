import type { ResourceType } from '../../contract/cluster.ts';
import { listAt, textAt } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, objectSubject, subjectText, type Subject } from '../../kit/kind.ts';
import { CLAIMS, CSI_DRIVERS, CSI_NODES, mayList, STORAGE_CLASSES, VOLUMES } from '../../protocols/kubernetes.ts';
import { driverState, NO_PROVISIONER } from './drivers.ts';

/** Either annotation makes a class the default; the beta one is still honoured. */
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

export const storageClasses = kind('cluster/storage-classes', {
  title: 'There is one default storage class, and the platform’s claims are bound',
  why: 'Without a default class claims stay pending and stateful pods never start; with two, data lands on the wrong disks.',
  sees: [
    'Every StorageClass with both default annotations and its provisioner.',
    'Of each default class, that its provisioner exists: a CSI driver that a node has registered, also for a name from before CSI, or one that has made a volume.',
    'With reclaimPolicy, that of each default class and of the volumes of the claims.',
    'The phase of every claim in the given namespaces.',
  ],
  not: ['Whether the provisioner works now, and whether classes that are not the default have one.'],
  needs: ['cluster'],
  params: {
    claimNamespaces: {
      ...namespaceList,
      minItems: 0,
      default: [],
      description: 'Namespaces whose PersistentVolumeClaims, where there are any, must all be Bound.',
    },
    reclaimPolicy: {
      type: 'string',
      enum: ['Retain', 'Delete'],
      description: 'What becomes of a volume when its claim is deleted; absent: either.',
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
    driverMissing: {
      says: '{subject}: is the default, but no node has registered its driver {driver}, expected one that creates volumes.',
      fix: 'Install the CSI driver, or make a class of one that is installed the default: claims of this one stay pending.',
    },
    otherReclaimPolicy: {
      says: '{subject}: has the reclaim policy {actual}, expected {expected}.',
      fix: 'Make a class with the right reclaimPolicy the default (a class cannot be changed), and patch persistentVolumeReclaimPolicy of the volumes there are.',
    },
    claimNotBound: {
      says: '{subject}: is {phase} (class {storageClass}), expected Bound.',
      fix: 'See "kubectl describe pvc" for why no volume was bound, and repair the class, quota or provisioner it names.',
    },
  },
  rights: ({ claimNamespaces }) => [
    ...mayList([STORAGE_CLASSES, CSI_DRIVERS, CSI_NODES, VOLUMES]),
    ...claimNamespaces.flatMap((namespace) => mayList([CLAIMS], namespace)),
  ],

  async gather({ claimNamespaces }, { cluster }, { fresh }) {
    const read = async (type: ResourceType) => (await cluster.list(type, { fresh })).items;
    const classes = await read(STORAGE_CLASSES);
    const [drivers, nodes, volumes] = [await read(CSI_DRIVERS), await read(CSI_NODES), await read(VOLUMES)];
    const claims = await Promise.all(claimNamespaces.map((namespace) => cluster.list(CLAIMS, { namespace, fresh })));
    return {
      classes: classes.map((item) => ({
        name: item.metadata.name,
        provisioner: textAt(item, '', 'provisioner'),
        reclaimPolicy: textAt(item, 'Delete', 'reclaimPolicy'),
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
          volume: textAt(item, '', 'spec', 'volumeName'),
        })),
      /** CSI drivers that somebody announced, and those that nodes have registered. */
      announced: drivers.map(({ metadata }) => metadata.name),
      registered: [
        ...new Set(nodes.flatMap((node) => listAt(node, 'spec', 'drivers').map((one) => textAt(one, '', 'name')))),
      ],
      volumes: volumes.map((item) => ({
        name: item.metadata.name,
        provisionedBy: item.metadata.annotations?.[PROVISIONED_BY] ?? '',
        csi: textAt(item, '', 'spec', 'csi', 'driver'),
        reclaimPolicy: textAt(item, '', 'spec', 'persistentVolumeReclaimPolicy'),
      })),
    };
  },

  judge({ reclaimPolicy: expected }, { classes, claims, ...storage }, say) {
    const judgePolicy = (subject: Subject, actual: string, path: string): void => {
      if (expected === undefined || actual === expected) return;
      if (actual === '') say.unknown(subject, 'its reclaim policy');
      else say.fail('otherReclaimPolicy', subject, { actual, expected }, { path });
    };
    const defaults = classes.filter(({ isDefault }) => isDefault);
    if (classes.length === 0) say.fail('noClass', 'default StorageClass of the cluster');
    else if (defaults.length === 0) say.fail('noDefault', 'Storage classes', { count: classes.length });
    if (defaults.length > 1) {
      const names = nameList(defaults.map(({ name }) => name));
      say.fail('severalDefaults', 'Storage classes', { names, winner: newest(defaults) });
    }
    for (const { name, provisioner, isDefault, reclaimPolicy } of classes) {
      const subject = objectSubject('StorageClass', { name });
      say.judged(subject);
      if (!isDefault) continue;
      judgePolicy(subject, reclaimPolicy, 'reclaimPolicy');
      const { state, driver } = driverState(provisioner, storage);
      if (provisioner === '' || provisioner === NO_PROVISIONER)
        say.fail('noProvisioner', subject, { provisioner }, { path: 'provisioner' });
      else if (state === 'missing') say.fail('driverMissing', subject, { driver }, { path: 'provisioner' });
      else if (state === 'unknown')
        say.unsure(
          'unknown-value',
          `${subjectText(subject)}: nothing shows that its provisioner ${driver} exists: no node has registered it, and it has made no volume. Bind a claim of this class, or install the provisioner.`,
          { subject },
        );
    }
    for (const { namespace, name, phase, storageClass, volume } of claims) {
      const subject = objectSubject('PersistentVolumeClaim', { namespace, name });
      say.judged(subject);
      if (phase === '') say.unknown(subject, 'its phase');
      else if (phase !== 'Bound') say.fail('claimNotBound', subject, { phase, storageClass }, { path: 'status.phase' });
      else
        judgePolicy(
          objectSubject('PersistentVolume', { name: volume }),
          storage.volumes.find((one) => one.name === volume)?.reclaimPolicy ?? '',
          'spec.persistentVolumeReclaimPolicy',
        );
    }
    say.show(
      table(
        'Storage classes',
        ['name', 'provisioner', 'default', 'reclaim policy', 'created'],
        classes.map((one) => [one.name, one.provisioner, one.isDefault, one.reclaimPolicy, one.created]),
      ),
      { type: 'text', title: 'CSI drivers that nodes have registered', text: storage.registered.join(', ') || 'none' },
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
