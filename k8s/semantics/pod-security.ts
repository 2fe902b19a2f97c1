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
  restrictedControls,
  rootUsers,
  runAsNonRootControl,
  runAsUserControl,
} from './pod-security-restricted.ts';

export { containersOf, isWindowsPod } from './pod-security-control.ts';
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

/** The policy version that is judged by when none is given: `latest` of the newest Kubernetes known here, 1.37. */
const latestMinor = 37;

const LEVELS = ['privileged', 'baseline', 'restricted'] as const satisfies readonly PodSecurityLevel[];

/** A level as labels name it; null for anything else, which Kubernetes refuses. */
export function parsePodSecurityLevel(text: string): PodSecurityLevel | null {
  return LEVELS.find((level) => level === text) ?? null;
}

/** A version as labels name it, `latest` or `v1.x`, as its minor number; null for anything else, which Kubernetes refuses. */
export function parsePodSecurityVersion(text: string): number | null {
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(text)?.[1];
  return text === 'latest' ? latestMinor : minor === undefined ? null : Number(minor);
}

/**
 * Judges a pod by a level. `minor` is the policy version (`v1.31` is 31): each control begins with one (`since`), and some change: seccomp
 * was asked for by annotations (before 19), Windows pods are excused (25), newer versions know more safe sysctls and SELinux types (27, 29,
 * 31, 32, 37) and let pods with a user namespace be root in it (35). @throws RangeError for a level that there is not.
 */
export function podSecurity(pod: PodToJudge, level: PodSecurityLevel, minor = latestMinor): PodSecurityResult {
  const view = viewPod(pod);
  const failed = controlsOf(level, minor)
    .map((control) => ({ control, findings: control.find(view, minor) }))
    .filter(({ findings }) => findings.length > 0);
  const described = () => failed.map(({ control, findings }) => control.describe(findings));
  return {
    allowed: failed.length === 0,
    violations: failed.flatMap(({ control, findings }) => violationsOf(control, findings)),
    // Words are made for whoever reads them: of thousands of pods few are.
    get detail() {
      return described()
        .map(({ reason, detail }) => `${reason} (${detail})`)
        .join(', ');
    },
    get reasons() {
      return described()
        .map(({ reason }) => reason)
        .join(', ');
    },
    containers: view.containers.length,
  };
}

const inForce = new Map<string, readonly Control[]>();

function controlsOf(level: PodSecurityLevel, minor: number): readonly Control[] {
  const key = `${level} ${minor}`;
  const known = inForce.get(key) ?? controlsInForce(level, minor);
  inForce.set(key, known);
  return known;
}

function controlsInForce(level: PodSecurityLevel, minor: number): readonly Control[] {
  if (parsePodSecurityLevel(level) === null) throw new RangeError(`no Pod Security level: ${level}`);
  if (level === 'privileged') return [];
  const isInForce = ({ since = 0 }: Control): boolean => since <= minor;
  const baseline = baselineControls.filter(isInForce);
  if (level === 'baseline') return baseline;
  const restricted = restrictedControls.filter(isInForce);
  const overridden = restricted.map(({ overrides }) => overrides);
  return [...baseline.filter(({ id }) => !overridden.includes(id)), ...restricted];
}

function violationsOf(control: Control, findings: readonly Finding[]): readonly Violation[] {
  return findings.map((finding) => ({
    ...finding,
    control: control.id,
    get message() {
      const { reason, detail } = control.describe([finding]);
      return `${reason} (${detail})`;
    },
  }));
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
  const view = viewPod(pod);
  return violationsOf(capabilitiesRestricted, view.isWindows ? [] : keptCapabilities(view));
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
