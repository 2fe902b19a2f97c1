/** Whether there is somebody who makes the volumes of a StorageClass. */

/** Creates nothing: its volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** Provisioners that were part of Kubernetes, and the CSI drivers that do their work now (k8s.io/csi-translation-lib). */
const MOVED: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
};
/** Those that were removed, and left nobody to do their work, before the oldest Kubernetes that is supported. */
const REMOVED = ['flocker', 'glusterfs', 'quobyte', 'scaleio', 'storageos'].map((name) => `kubernetes.io/${name}`);

/** What the cluster shows of its storage drivers. */
export interface Storage {
  readonly announced: readonly string[];
  readonly registered: readonly string[];
  readonly volumes: readonly { readonly provisionedBy: string; readonly csi: string }[];
}

/** A driver is there where a node has registered it (CSINode). One that is no CSI driver shows by the volumes it has made alone. */
export function driverState(
  provisioner: string,
  { announced, registered, volumes }: Storage,
): { readonly driver: string; readonly state: 'there' | 'missing' | 'unknown' } {
  const driver = MOVED[provisioner] ?? provisioner;
  if (registered.includes(driver)) return { driver, state: 'there' };
  // A volume names its driver for ever, also after that was uninstalled.
  const isCsi = driver !== provisioner || announced.includes(driver) || volumes.some(({ csi }) => csi === driver);
  if (isCsi || REMOVED.includes(driver)) return { driver, state: 'missing' };
  return { driver, state: volumes.some(({ provisionedBy }) => provisionedBy === driver) ? 'there' : 'unknown' };
}
