/** Builds and pushes, and believes the registry alone. */
import type { RegistrySession } from '../../checks/protocols/oci.ts';
import { readLabels } from '../../checks/protocols/oci-blobs.ts';
import { lookUp } from '../../checks/protocols/oci-manifests.ts';
import { parseReference } from '../../checks/protocols/oci-reference.ts';
import type { Journal } from './journal.ts';
import { commandsFor, REVISION_LABEL, type Commands, type ImageToBuild, type Tool } from './templates.ts';

/** Why the execution ends here, for people. */
export class ExecutionFailed extends Error {}

/** Runs a program and answers its exit code; what it says is shown as it comes. */
export type RunProgram = (command: readonly string[]) => Promise<number>;
export interface PushedImage {
  /** Without tag and digest: `ghcr.io/org/api`. */
  readonly repository: string;
  readonly image: string;
  readonly digest: string;
  /** What runtimes may call it: by itself, by a platform's manifest, by a configuration. */
  readonly known: readonly string[];
}
/** What the registry has under a tag. */
interface InRegistry {
  readonly digest: string;
  readonly known: readonly string[];
  /** Of each platform; null: it has none. */
  readonly commits: readonly (string | null)[];
}

export async function buildImages(
  images: readonly ImageToBuild[],
  {
    tool,
    own,
    session,
    journal,
    run,
    say,
  }: {
    readonly tool: Tool;
    readonly own?: readonly string[] | undefined;
    readonly session: RegistrySession;
    readonly journal: Journal;
    readonly run: RunProgram;
    readonly say: (line: string) => void;
  },
): Promise<readonly PushedImage[]> {
  const pushed: PushedImage[] = [];
  for (const one of images) {
    const there = await inRegistry(session, one.image);
    const done = ({ digest, known }: InRegistry): void => {
      pushed.push({ repository: repositoryOf(one.image), image: one.image, digest, known });
    };
    if (there && isOf(there, one.commit)) {
      say(`${one.image}: the registry has it of this commit already, ${there.digest}`);
      done(there);
      continue;
    }
    journal.tell({ event: 'building', image: one.image, before: there?.digest ?? null });
    await make(commandsFor(tool, one, own), one, journal, run);
    const held = await provePushed(session, one, there?.digest ?? null);
    journal.tell({ event: 'pushed', image: one.image, digest: held.digest });
    say(`${one.image}: pushed, ${held.digest}`);
    done(held);
  }
  return pushed;
}

async function make(
  { build, push }: Commands,
  { image }: ImageToBuild,
  journal: Journal,
  run: RunProgram,
): Promise<void> {
  const built = await run(build);
  if (built !== 0) throw new ExecutionFailed(`${image}: ${build[0] ?? ''} ended with exit code ${built}`);
  if (!push) return;
  journal.tell({ event: 'pushing', image });
  const code = await run(push);
  if (code !== 0) throw new ExecutionFailed(`${image}: ${push.slice(0, 2).join(' ')} ended with exit code ${code}`);
}

/** An exit code of 0 proves nothing: a builder may have pushed elsewhere, or nothing, or what lay in its cache. */
async function provePushed(
  session: RegistrySession,
  { image, commit }: ImageToBuild,
  before: string | null,
): Promise<InRegistry> {
  const there = await inRegistry(session, image);
  if (!there) throw new ExecutionFailed(`${image}: the builder ended well, and ${session.where} has no such image`);
  if (there.digest === before)
    throw new ExecutionFailed(
      `${image}: the builder ended well, and the tag still leads to ${before}: nothing was pushed`,
    );
  if (isOf(there, commit)) return there;
  const actual = there.commits.map((one) => one ?? 'none').join(', ');
  throw new ExecutionFailed(`${image}: ${there.digest} has the label ${REVISION_LABEL} ${actual}, expected ${commit}`);
}

const isOf = ({ commits }: InRegistry, commit: string): boolean =>
  commits.length > 0 && commits.every((one) => one === commit);

async function inRegistry(session: RegistrySession, image: string): Promise<InRegistry | null> {
  const { repository = '', tag } = parseReference(image) ?? {};
  const found = await lookUp(session, repository, tag ?? 'latest');
  if (!found.found) {
    if (found.status === 404) return null;
    throw new ExecutionFailed(`${image}: ${session.where} answers ${found.status}`);
  }
  const commits: (string | null)[] = [];
  for (const { config } of found.manifests)
    commits.push((await readLabels({ session, repository }, config))?.[REVISION_LABEL] ?? null);
  const known = [found.digest, ...found.manifests.flatMap(({ digest, config }) => [digest, config.digest])];
  return { digest: found.digest, known, commits };
}

/** `ghcr.io/org/api` of `ghcr.io/org/api:v1.0.0`. */
export const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
