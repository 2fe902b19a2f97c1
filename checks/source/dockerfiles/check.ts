import { kind } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { checkoutMessages, commitParam, judgeCheckout, seeCheckout, sourceFolder } from '../folder-params.ts';
import { isBuiltOver, readStages, sourcesOf, type Stage } from './stages.ts';

const FILE = /(?:^|\/)(?:Dockerfile|Containerfile|[\w.-]+\.Dockerfile|Dockerfile\.[\w.-]+)$/i;
const NOT_OURS = ['.git', 'node_modules', 'vendor', 'testdata'];

export const dockerfiles = kind('source/dockerfiles', {
  title: 'Images are built in several stages',
  why: 'An image that holds its compiler, its package manager and the sources is larger, and gives an intruder all of them.',
  sees: [
    'Every Dockerfile below the folder, read as Docker reads it: escape directives, continued lines, heredocs, names and numbers of stages.',
    'The stage that is built takes something from a stage that it is not built over, by COPY --from or a mount.',
    'The folder is at the commit of the release, and the Dockerfiles are as they were committed.',
  ],
  not: ['How small the image is (supply-chain/image-size).', 'What is copied.'],
  needs: ['files'],
  required: ['source', 'commit'],
  params: {
    source: sourceFolder,
    commit: commitParam,
    targets: {
      type: 'object',
      default: {},
      additionalProperties: { type: 'string', minLength: 1, description: 'Name of a stage.' },
      description:
        'Stages that are built (--target), by file: { services/api/Dockerfile: release }; the last one unless said.',
    },
    exemptions: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file', 'reason'],
        properties: {
          file: { type: 'string', minLength: 1, description: 'Path of the file, relative to the source folder.' },
          reason: {
            type: 'string',
            minLength: 10,
            description: 'Why one stage is enough, as where it only packs what was built outside.',
          },
        },
      },
      description: 'Dockerfiles that may have one stage.',
    },
  },
  messages: {
    ...checkoutMessages,
    singleStage: {
      says: '{subject}: has a single stage, from {base}, expected one that builds and one that is shipped.',
      fix: 'Build in a stage of its own and copy only what runs into the last one (COPY --from=build); or exempt the file with a reason where everything is built outside.',
    },
    nothingTaken: {
      says: '{subject}: its stage {stage} takes nothing from the others ({others}), expected it to copy what they built.',
      fix: 'Copy what was built into the stage that is shipped (COPY --from), and let that begin from a small base.',
    },
    noTarget: {
      says: '{subject}: has no stage {stage}, expected the one that is built.',
      fix: 'Correct targets in the item, or name the stage in the file.',
    },
    noStage: {
      says: '{subject}: has no FROM, expected a stage.',
      fix: 'Complete the file, or remove it.',
    },
    strayExemption: {
      says: '{subject}: is exempted or has a target and is not there, expected a Dockerfile.',
      fix: 'Remove the entry from the item.',
    },
  },

  async gather({ source }, { files }) {
    const paths = (await files.below(source, NOT_OURS)).filter((path) => FILE.test(path));
    const read = [];
    for (const path of paths)
      read.push({ path: within(source, path), stages: await readStages(await files.read(path)) });
    return { files: read, checkout: await seeCheckout(files, source) };
  },

  judge({ source, commit, targets, exemptions }, seen, say) {
    judgeCheckout(say, source, seen.checkout, commit, (file) => FILE.test(file));
    for (const { path, stages } of seen.files) {
      const subject = `Dockerfile ${path}`;
      say.judged(subject);
      const target = stageNamed(stages, targets[path]);
      const place = { at: `${source}/${path}:${target?.line ?? 1}:1` };
      if (stages.length === 0) say.fail('noStage', subject);
      else if (!target) say.fail('noTarget', subject, { stage: targets[path] ?? '' });
      else if (!exemptions.some(({ file }) => file === path)) judgeStages(say, subject, stages, target, place);
    }
    const known = new Set(seen.files.map(({ path }) => path));
    for (const path of [...Object.keys(targets), ...exemptions.map(({ file }) => file)])
      if (!known.has(path)) say.fail('strayExemption', `Dockerfile ${path}`);
    say.show(
      table(
        'Dockerfiles',
        ['file', 'stages', 'bases', 'exempted because'],
        seen.files.map(({ path, stages }) => [
          path,
          stages.length,
          stages.map(({ base }) => base).join(', '),
          exemptions.find(({ file }) => file === path)?.reason ?? null,
        ]),
      ),
    );
  },
});

const within = (folder: string, path: string): string =>
  path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;

/** By its name in any case; the last one without a name. */
const stageNamed = (stages: readonly Stage[], name: string | undefined): Stage | undefined =>
  name === undefined ? stages.at(-1) : stages.findLast((stage) => stage.name?.toLowerCase() === name.toLowerCase());

interface StageSay {
  fail(id: 'singleStage', subject: string, data: { readonly base: string }, place: { readonly at: string }): void;
  fail(
    id: 'nothingTaken',
    subject: string,
    data: { readonly stage: string; readonly others: string },
    place: { readonly at: string },
  ): void;
}

/** Stages that one is built over are layers of it: what it takes from them it has already. */
function judgeStages(
  say: StageSay,
  subject: string,
  stages: readonly Stage[],
  target: Stage,
  place: { readonly at: string },
): void {
  const own = isBuiltOver(stages, target);
  if (own.some((stage) => sourcesOf(stages, stage).some((one) => !own.includes(one)))) return;
  const others = stages.filter((stage) => !own.includes(stage));
  const shown = ({ name, line }: Stage): string => name ?? `of line ${line}`;
  if (others.length === 0) say.fail('singleStage', subject, { base: own.at(-1)?.base ?? '' }, place);
  else say.fail('nothingTaken', subject, { stage: shown(target), others: others.map(shown).join(', ') }, place);
}
