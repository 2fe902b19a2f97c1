/**
 * The Pod Security Standards as the admission plugin of the API server applies them, and single rules of them for checks that
 * ask for one thing at a time.
 */
import { baselineControls } from './pod-security-baseline.ts';
import type { Control, Finding, PodToJudge, PodView } from './pod-security-control.ts';
import { viewPod } from './pod-security-control.ts';
import {
  capabilitiesRestricted,
  keptCapabilities,
  mayRunAsRoot,
  overriddenControls,
  restrictedControls,
  rootUsers,
  runAsNonRootControl,
  runAsUserControl,
} from './pod-security-restricted.ts';

export { containersOf } from './pod-security-control.ts';
export type { PodContainer, PodToJudge } from './pod-security-control.ts';

/** The levels of the Pod Security Standards; privileged forbids nothing. */
export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** One field that breaks a control. */
export interface Violation extends Finding {
  /** The control's id in Kubernetes, for example `runAsNonRoot`; `readOnlyRootFilesystem` is this project's own. */
  readonly control: string;
  /** In the words of the admission plugin, as if this were the only violation. */
  readonly message: string;
}

/** What the admission plugin would say of a pod. */
export interface PodSecurityResult {
  readonly allowed: boolean;
  readonly violations: readonly Violation[];
  /** What follows `violates PodSecurity "restricted:latest": `; empty when allowed. */
  readonly detail: string;
  /** The reasons alone, as in the warning about the pods a namespace already has; empty when allowed. */
  readonly reasons: string;
  /** How many containers were looked at. Zero means that nothing was judged, whatever `allowed` says. */
  readonly containers: number;
}

/** The policy version that is judged by when none is given: `latest` of the newest Kubernetes known here, 1.36. */
const latestMinor = 36;

/**
 * Judges a pod by a level. `minor` is the policy version (`v1.31` is 31): newer versions know more safe sysctls and SELinux
 * types (29, 31, 32), forbid hosts in probes (34) and let pods with a user namespace be root in it (35).
 */
export function podSecurity(pod: PodToJudge, level: PodSecurityLevel, minor = latestMinor): PodSecurityResult {
  const view = viewPod(pod);
  const failed = controlsOf(level, minor)
    .map((control) => ({ control, findings: control.find(view, minor) }))
    .filter(({ findings }) => findings.length > 0);
  const described = failed.map(({ control, findings }) => control.describe(findings));
  return {
    allowed: failed.length === 0,
    violations: failed.flatMap(({ control, findings }) => violationsOf(control, findings)),
    detail: described.map(({ reason, detail }) => `${reason} (${detail})`).join(', '),
    reasons: described.map(({ reason }) => reason).join(', '),
    containers: view.containers.length,
  };
}

function controlsOf(level: PodSecurityLevel, minor: number): readonly Control[] {
  if (level === 'privileged') return [];
  if (level === 'baseline') return baselineControls;
  // Before policy version 1.35 procMount was one control of the baseline, and the same for all pods.
  const overridden = overriddenControls.filter(({ id }) => id !== 'procMount' || minor >= 35);
  const added = restrictedControls.filter(({ id }) => id !== 'procMount_restricted' || minor >= 35);
  return [...baselineControls.filter((control) => !overridden.includes(control)), ...added];
}

function violationsOf(control: Control, findings: readonly Finding[]): readonly Violation[] {
  return findings.map((finding) => {
    const { reason, detail } = control.describe([finding]);
    return { ...finding, control: control.id, message: `${reason} (${detail})` };
  });
}

/**
 * Containers that may run as root: runAsNonRoot is not true for them, their own false beating the pod's true, or runAsUser is 0.
 * The user an image names is not known, so it does not count; nor does a user namespace.
 */
export function runAsNonRoot(pod: PodToJudge): readonly Violation[] {
  const view = viewPod(pod);
  return [...violationsOf(runAsNonRootControl, mayRunAsRoot(view)), ...violationsOf(runAsUserControl, rootUsers(view))];
}

/** Containers that keep capabilities, their `drop` not holding exactly `ALL`. None for a Windows pod, which has no capabilities. */
export function capabilitiesDropped(pod: PodToJudge): readonly Violation[] {
  return violationsOf(capabilitiesRestricted, keptCapabilities(viewPod(pod)));
}

/** Containers that may write to their root file system. Not in the standards. None for a Windows pod, which cannot have it. */
export function readOnlyRootFilesystem(pod: PodToJudge): readonly Violation[] {
  const view = viewPod(pod);
  return view.isWindows ? [] : writableRoots(view);
}

function writableRoots({ containers }: PodView): readonly Violation[] {
  return containers.flatMap(({ name, path, securityContext: { readOnlyRootFilesystem: value } }) =>
    value === true
      ? []
      : {
          control: 'readOnlyRootFilesystem',
          container: name,
          path: `${path}.securityContext.readOnlyRootFilesystem`,
          actual: value ?? null,
          expected: 'true',
          message: `readOnlyRootFilesystem != true (container "${name}" must set securityContext.readOnlyRootFilesystem=true)`,
        },
  );
}

/** What else the restricted level forbids: all but runAsNonRoot, runAsUser and the dropping of capabilities. */
export function restOfRestricted(pod: PodToJudge, minor = latestMinor): readonly Violation[] {
  const elsewhere: readonly string[] = [runAsNonRootControl.id, runAsUserControl.id];
  return podSecurity(pod, 'restricted', minor).violations.filter(
    ({ control, path }) => !elsewhere.includes(control) && !path.endsWith('.capabilities.drop'),
  );
}

/** Whether Linux-only rules do not apply to a pod (`spec.os.name: windows`). */
export function isWindowsPod(spec: unknown): boolean {
  return viewPod({ spec }).isWindows;
}
