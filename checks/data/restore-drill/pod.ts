/** The throwaway pod: made as the one that runs the server, with a folder of its own for data, and asleep. */
import type { KubeObject, PodManifest } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';

/** Marks such pods, so that one a killed run left can be found. */
export const RESTORE_LABEL = 'golive.dev/restore-drill';
/** Beyond what the drill may take: the cluster ends it by itself where golive was killed. */
const SPARE_SECONDS = 120;

export interface Wanted {
  readonly name: string;
  /** The item. */
  readonly mark: string;
  readonly seconds: number;
  /** Claims that hold the repository of backups: mounted as they are, to be read. */
  readonly repositoryClaims: readonly string[];
}

/** The container's name where none is declared: that of the first. */
export const containerOf = (pod: KubeObject, container: string | undefined): string =>
  container ?? textAt(pod, '', 'spec', 'containers', 0, 'name');

/** Null where the pod has no such container. */
export function restorePod(like: KubeObject, container: string, wanted: Wanted): PodManifest | null {
  const spec = at(like, 'spec');
  const own = listAt(like, 'spec', 'containers').find((one) => textAt(one, '', 'name') === container);
  if (!isRecord(spec) || !isRecord(own)) return null;
  const { image, imagePullPolicy, env, envFrom, securityContext, resources } = own;
  const volumes = listAt(like, 'spec', 'volumes').map((volume) => ownVolume(volume, wanted));
  const mounts = listAt(own, 'volumeMounts').map((mount) =>
    isRecord(mount) && isRepository(like, mount, wanted) ? { ...mount, readOnly: true } : mount,
  );
  const seconds = wanted.seconds + SPARE_SECONDS;
  return {
    metadata: {
      name: wanted.name,
      namespace: like.metadata.namespace ?? '',
      // None of the server's own: no Service may send it clients, and nothing may adopt it.
      labels: { [RESTORE_LABEL]: wanted.mark },
    },
    spec: defined({
      serviceAccountName: spec['serviceAccountName'],
      automountServiceAccountToken: spec['automountServiceAccountToken'],
      imagePullSecrets: spec['imagePullSecrets'],
      securityContext: spec['securityContext'],
      tolerations: spec['tolerations'],
      nodeSelector: spec['nodeSelector'],
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      activeDeadlineSeconds: seconds,
      volumes,
      containers: [
        defined({
          ...{ name: container, image, imagePullPolicy, env, envFrom, securityContext, resources },
          command: ['sleep', String(seconds)],
          volumeMounts: mounts,
        }),
      ],
    }),
  };
}

/** Never the server's data: what lies on a claim, or on the node, becomes an empty folder. */
function ownVolume(volume: unknown, { repositoryClaims }: Wanted): unknown {
  const claim = textAt(volume, '', 'persistentVolumeClaim', 'claimName');
  if (claim !== '' && repositoryClaims.includes(claim)) return volume;
  const isHarmless = ['configMap', 'secret', 'projected', 'downwardAPI'].some((kind) => at(volume, kind) !== undefined);
  return isHarmless ? volume : { name: textAt(volume, '', 'name'), emptyDir: {} };
}

function isRepository(
  like: KubeObject,
  mount: Readonly<Record<string, unknown>>,
  { repositoryClaims }: Wanted,
): boolean {
  const volume = listAt(like, 'spec', 'volumes').find((one) => textAt(one, '', 'name') === mount['name']);
  return repositoryClaims.includes(textAt(volume, '', 'persistentVolumeClaim', 'claimName'));
}

const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
