/**
 * Stands in for a scanner: trivy-operator in the cluster, Trivy in the pipeline. It follows the pods, keeps a VulnerabilityReport of each
 * container by the digest that runs, writes each image's report into `scans/` of the rehearsal's folder and attaches it in the registry.
 * What it finds is declared here: the rehearsal's images hold no packages, and no database of vulnerabilities is at hand.
 *
 *   scanner.find {repository, id, severity}   something new is known of the image at the next scan
 *   scanner.skip {repository}                 the image is scanned no more, and its reports are gone
 *   scanner.late {days}                       the last scans were made so long ago
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { listAt, textAt } from '../../checks/contract/json.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { IMAGES } from '../registry/image-manifests.ts';
import type { RegistryKeeper } from '../registry/push.ts';
import { NAMESPACE, RELEASES, SERVICES } from '../topology.ts';
import { attestationOf, operatorReport, reportName, trivyReport } from './scanner-reports.ts';
import type { Advisory, ReleaseImageName, ScannedContainer, ScanOf } from './scanner-types.ts';

type Plane = Pick<ControlPlane, 'apply' | 'remove' | 'watchObjects'>;
interface Registry {
  readonly filled: Promise<void>;
  readonly attach: RegistryKeeper['attach'];
}
export interface Scanner {
  /** Settles when the images of the release have been scanned and their reports attached. */
  readonly ready: Promise<void>;
}

const REPORTS = {
  apiVersion: 'aquasecurity.github.io/v1alpha1',
  kind: 'VulnerabilityReport',
  resource: 'vulnerabilityreports',
} as const;
const PODS = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' } as const;
const DAY_MS = 86_400_000;
/** Known from the start: some is always known, and one high is allowed. */
const KNOWN: Readonly<Record<string, readonly Advisory[]>> = {
  [SERVICES.learningSystem.image]: [
    { id: 'CVE-2026-10001', package: 'left-parser', version: '2.0.1', fixedIn: '2.0.4', severity: 'HIGH' },
    { id: 'CVE-2026-10007', package: 'tiny-yaml', version: '1.1.0', fixedIn: '1.1.2', severity: 'MEDIUM' },
  ],
};

/** Starts to scan; the levers are there at once. */
export function startScanner(context: PlatformContext, plane: Plane, registry: Registry): Scanner {
  const scanner = new StandInScanner(join(context.dir, 'scans'), plane, registry, (line) => context.log(line));
  context.levers.add('scanner.find', (args) => scanner.find(args));
  context.levers.add('scanner.skip', (args) => scanner.skip(textOf(args, 'repository')));
  context.levers.add('scanner.late', ({ days }) => scanner.late(typeof days === 'number' ? days : 30));
  plane.watchObjects(PODS, (pods) => void scanner.follow(pods));
  return { ready: registry.filled.then(() => scanner.scanImages()) };
}

class StandInScanner {
  readonly #folder: string;
  readonly #plane: Plane;
  readonly #registry: Registry;
  readonly #log: (line: string) => void;
  readonly #found = new Map<string, readonly Advisory[]>(Object.entries(KNOWN));
  readonly #skipped = new Set<string>();
  readonly #detach = new Map<string, () => Promise<void>>();
  /** Containers that have a report, by its name. */
  readonly #containers = new Map<string, { readonly owner: ScannedContainer; readonly image: ReleaseImageName }>();
  #lateMs = 0;

  constructor(folder: string, plane: Plane, registry: Registry, log: (line: string) => void) {
    this.#folder = folder;
    this.#plane = plane;
    this.#registry = registry;
    this.#log = log;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  find(args: LeverArguments): Promise<Release> {
    const repository = textOf(args, 'repository');
    const before = this.#found.get(repository) ?? [];
    const severity = textOf(args, 'severity') as Advisory['severity'];
    const one = { id: textOf(args, 'id'), package: 'http-core', version: '0.9.2', fixedIn: '0.9.5', severity };
    this.#found.set(repository, [...before, one]);
    return this.#changed(() => this.#found.set(repository, before));
  }

  skip(repository: string): Promise<Release> {
    this.#skipped.add(repository);
    return this.#changed(() => this.#skipped.delete(repository));
  }

  late(days: number): Promise<Release> {
    this.#lateMs = days * DAY_MS;
    return this.#changed(() => (this.#lateMs = 0));
  }

  async #changed(undo: () => unknown): Promise<Release> {
    await this.#again();
    return async () => {
      undo();
      await this.#again();
    };
  }

  async #again(): Promise<void> {
    const reports = [...this.#containers.values()].map(({ owner, image }) => this.#report(owner, image));
    await Promise.all([...reports, this.scanImages()]);
  }

  /** Every image of the release: its file, and what is attached to it. */
  async scanImages(): Promise<void> {
    const services = Object.values(SERVICES).map(({ image }): string => image);
    const release = IMAGES.filter(({ repository, tag }) => services.includes(repository) && tag === RELEASES.blue);
    await Promise.all(
      release.map(async (image) => {
        const { repository, tag } = image;
        const file = join(this.#folder, `${repository.slice(repository.lastIndexOf('/') + 1)}-${tag}.json`);
        await this.#detach.get(image.digest)?.();
        this.#detach.delete(image.digest);
        if (this.#skipped.has(repository)) return rmSync(file, { force: true });
        const scan = this.#scan(image);
        writeAtomically(file, `${JSON.stringify(trivyReport(scan), null, 1)}\n`);
        this.#detach.set(image.digest, await this.#registry.attach(image, attestationOf(scan), scan.at));
      }),
    );
  }

  /** Scans what has started since, by the digest that its status names. */
  async follow(pods: readonly KubeObject[]): Promise<void> {
    for (const { owner, image } of pods.flatMap(containersOf)) {
      const name = reportName(owner);
      if (this.#containers.get(name)?.image.digest === image.digest) continue;
      this.#containers.set(name, { owner, image });
      await this.#report(owner, image).catch((cause: unknown) => {
        this.#containers.delete(name);
        this.#log(`scanner: ${String(cause)}`);
      });
    }
  }

  async #report(owner: ScannedContainer, image: ReleaseImageName): Promise<void> {
    const target = { name: reportName(owner), namespace: owner.namespace };
    if (this.#skipped.has(image.repository)) await this.#plane.remove(REPORTS, target);
    else await this.#plane.apply(operatorReport(owner, this.#scan(image)));
  }

  #scan(image: ReleaseImageName): ScanOf {
    const at = new Date(Date.now() - this.#lateMs).toISOString();
    return { image, advisories: this.#found.get(image.repository) ?? [], at };
  }
}

function containersOf({
  metadata,
  ...pod
}: KubeObject): readonly { readonly owner: ScannedContainer; readonly image: ReleaseImageName }[] {
  if (metadata.namespace !== NAMESPACE) return [];
  const controller = metadata.ownerReferences?.[0];
  const { kind, name, uid } = controller ?? { kind: 'Pod', name: metadata.name, uid: metadata.uid ?? '' };
  return listAt(pod, 'status', 'containerStatuses').flatMap((status) => {
    const [, repository, digest] = /^(?:.*:\/\/)?(.+)@(sha256:[0-9a-f]{64})$/.exec(textAt(status, '', 'imageID')) ?? [];
    if (repository === undefined || digest === undefined) return [];
    const tag = /:([^:/@]+)(?:@.*)?$/.exec(textAt(status, '', 'image'))?.[1] ?? '';
    const owner = { kind, name, uid, namespace: NAMESPACE, container: textAt(status, '', 'name') };
    return [{ owner, image: { repository, tag, digest } }];
  });
}

function textOf(args: LeverArguments, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`the lever needs ${name}, a text`);
}
