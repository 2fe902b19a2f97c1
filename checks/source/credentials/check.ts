import { kind } from '../../kit/kind.ts';
import { attempt } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { commitParam, checkoutMessages, seeCheckout, sourceFolder } from '../folder-params.ts';
import { scanText, type Found } from './scan.ts';

interface FoundAt extends Found {
  readonly path: string;
}
interface Allowance {
  readonly file: string;
  /** Every rule where it names none. */
  readonly rule?: string | undefined;
}

const reason = { type: 'string', minLength: 10, description: 'Why it is none, or why it may stand there.' } as const;

export const sourceCredentials = kind('source/credentials', {
  title: 'The sources hold no credentials',
  why: 'Whoever may read the sources, their copies and their history may log in; and the credential stays in the history when it is removed.',
  sees: [
    'Every text file below the folder, by the rules of secretlint and of the other kinds about credentials; comments that switch a scanner off are passed over.',
    'What the data of Secrets decodes to.',
    'The folder is at the commit of the release.',
  ],
  not: [
    'Commits before this one.',
    'Binary files, and folders of dependencies.',
    'Passwords in the code of a program that look like any other text.',
  ],
  needs: ['files'],
  required: ['source', 'commit'],
  params: {
    source: sourceFolder,
    commit: commitParam,
    minFiles: { type: 'integer', minimum: 1, default: 1, description: 'Text files that must have been read.' },
    ignoredFolders: {
      type: 'array',
      uniqueItems: true,
      default: ['.git', 'node_modules'],
      items: { type: 'string', minLength: 1, description: 'Name of a folder, at any depth.' },
      description: 'Folders that are not looked into.',
    },
    allowed: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file', 'reason'],
        properties: {
          file: {
            type: 'string',
            minLength: 1,
            description: 'Path below the source folder; * stands for any part of a name, ** for any folders.',
          },
          rule: {
            type: 'string',
            minLength: 1,
            description: 'The rule that may find something there; every rule unless said.',
          },
          reason,
        },
      },
      description: 'Findings that are none: a key of a test, an example in the documentation.',
    },
  },
  messages: {
    otherCommit: checkoutMessages.otherCommit,
    credential: {
      says: '{subject}: holds a credential in line {line} ({rule}), expected none.',
      fix: 'Revoke the credential, since it is known now, and let the program read a new one from a Secret; or allow it in the item with the reason why it is none.',
    },
    strayAllowance: {
      says: '{subject}: is allowed to hold a credential and holds none, expected an entry that is needed.',
      fix: 'Remove the entry from the item.',
    },
  },

  async gather({ source, ignoredFolders }, { files }) {
    const found: FoundAt[] = [];
    const refused = [];
    let [read, binary] = [0, 0];
    for (const path of await files.below(source, ignoredFolders)) {
      const { seen, refusal } = await attempt(() => files.read(path));
      const short = path.slice(source.length + 1);
      if (refusal) refused.push({ path: short, refusal });
      else if (seen.includes('\0')) binary += 1;
      else {
        read += 1;
        found.push(...(await scanText(short, seen)).map((one) => ({ ...one, path: short })));
      }
    }
    return { read, binary, found, refused, checkout: await seeCheckout(files, source) };
  },

  judge({ source, commit, minFiles, allowed }, { read, binary, found, refused, checkout }, say) {
    const folder = `Sources in ${source}`;
    if (read > 0) say.judged(folder);
    if (checkout.refusal) say.refused(checkout.refusal, folder);
    if (checkout.checkout && checkout.checkout.commit !== commit)
      say.fail('otherCommit', folder, { actual: checkout.checkout.commit, expected: commit });
    for (const { path, refusal } of refused) say.refused(refusal, `File ${path}`);
    if (read < minFiles)
      say.unsure('too-few-subjects', `${folder}: ${read} text files were read, expected ${minFiles} or more.`);
    for (const { path, line, rule } of found.filter((one) => !allowed.some((entry) => allows(entry, one))))
      say.fail('credential', `File ${path}`, { line, rule }, { at: `${source}/${path}:${line}:1` });
    // Where nothing was read, nobody knows which entries are needed.
    const stray = read > 0 ? allowed.filter((entry) => !found.some((one) => allows(entry, one))) : [];
    for (const { file } of stray) say.fail('strayAllowance', `File ${file}`);
    const rows = found.map(({ path, line, rule }) => [
      path,
      line,
      rule,
      allowed.find(({ file }) => fits(file, path))?.reason ?? null,
    ]);
    say.show(
      table(
        `${read} text files read, ${binary} binary ones left out`,
        ['file', 'line', 'rule', 'allowed because'],
        rows,
      ),
    );
  },
});

const allows = (entry: Allowance, { path, rule }: FoundAt): boolean =>
  fits(entry.file, path) && (entry.rule ?? rule) === rule;

function fits(pattern: string, path: string): boolean {
  const parts = pattern.split(/(\*\*\/|\*\*|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`).test(path);
}
