/** What is run to build and push an image, by tool: lists of arguments, never a shell. Pure. */
import type { BUILD_TOOLS } from '../../specs/loader/execution-schema.ts';

export type Tool = (typeof BUILD_TOOLS)[number];

export interface ImageToBuild {
  /** With its tag. */
  readonly image: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly commit: string;
  readonly version: string;
}
export interface Commands {
  readonly build: readonly string[];
  /** Absent where the tool pushes what it builds. */
  readonly push?: readonly string[];
}

/** Labels by which the registry tells what an image was built from. */
export const REVISION_LABEL = 'org.opencontainers.image.revision';
const VERSION_LABEL = 'org.opencontainers.image.version';

export function commandsFor(tool: Tool, image: ImageToBuild, own: readonly string[] = []): Commands {
  const labels = [`${REVISION_LABEL}=${image.commit}`, `${VERSION_LABEL}=${image.version}`].flatMap((one) => [
    '--label',
    one,
  ]);
  const of = ['--file', image.dockerfile, '--tag', image.image, ...labels];
  switch (tool) {
    case 'docker':
      return { build: ['docker', 'build', ...of, image.context], push: ['docker', 'push', image.image] };
    case 'podman':
      return { build: ['podman', 'build', ...of, image.context], push: ['podman', 'push', image.image] };
    case 'buildx':
      return { build: ['docker', 'buildx', 'build', '--push', ...of, image.context] };
    case 'kaniko':
      return {
        build: [
          '/kaniko/executor',
          `--context=${image.context}`,
          `--dockerfile=${image.dockerfile}`,
          `--destination=${image.image}`,
          ...labels,
        ],
      };
    case 'command':
      return { build: own.map((word) => filled(word, image)) };
  }
}

const filled = (word: string, image: ImageToBuild): string =>
  word.replaceAll(/\{(image|context|dockerfile|commit|version)\}/g, (_, name: keyof ImageToBuild) => image[name]);
