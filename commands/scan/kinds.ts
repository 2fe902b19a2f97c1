/** Which kinds judge objects by themselves, and with what. */
import { namespaceIsolation } from '../../checks/access/namespace-isolation/check.ts';
import { minimalPrivileges } from '../../checks/access/minimal-privileges/check.ts';
import { networkPolicies } from '../../checks/access/network-policies/check.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { droppedCapabilities } from '../../checks/workloads/dropped-capabilities/check.ts';
import { nonRoot } from '../../checks/workloads/non-root/check.ts';
import type { Inventory } from '../../k8s/semantics/objects/inventory.ts';
import { podSecurityStandard } from '../../checks/workloads/pod-security/check.ts';
import { readOnlyRoot } from '../../checks/workloads/read-only-root/check.ts';
import { restrictedSecurityContext } from '../../checks/workloads/restricted-security-context/check.ts';

export interface ScanSettings {
  readonly level: string;
  readonly version: string;
}
export interface ScannedKind {
  readonly kind: CheckKind;
  /** Undefined where there is nothing to judge. */
  readonly params: (settings: ScanSettings, inventory: Inventory) => object | undefined;
}

const unlessNone = (namespaces: readonly string[], more: object = {}): object | undefined =>
  namespaces.length === 0 ? undefined : { namespaces, ...more };
/** Defaults of params stand in their schemas, where the checklist's loader fills them in: here they are written out. */
const onPods = (kind: CheckKind): ScannedKind => ({
  kind,
  params: (_, { withPods }) => unlessNone(withPods, { exemptions: [] }),
});

export const SCANNED: readonly ScannedKind[] = [
  {
    kind: podSecurityStandard,
    params: ({ level, version }, { withPods }) => unlessNone(withPods, { exemptions: [], level, version }),
  },
  onPods(nonRoot),
  onPods(droppedCapabilities),
  onPods(readOnlyRoot),
  onPods(restrictedSecurityContext),
  {
    kind: networkPolicies,
    params: (_, { withPods }) => unlessNone(withPods, { matrix: [], openEgress: [] }),
  },
  { kind: namespaceIsolation, params: (_, { withPods }) => unlessNone(withPods, { foreignSubjects: [] }) },
  { kind: minimalPrivileges, params: (_, { withAccounts }) => unlessNone(withAccounts, { exceptions: [] }) },
];
