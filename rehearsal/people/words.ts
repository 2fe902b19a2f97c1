/** What the rehearsal's people have to say: beside the checklist, as it binds the platform to items. Whatever is not there, nobody says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { isRecord } from '../../checks/contract/json.ts';

/** Beside checklist.yaml. */
const WORDS_FILE = join('rehearsal', 'people.yaml');

/** What one of them attests. */
export interface Statement {
  readonly item: string;
  readonly role: string;
  readonly statement: string;
  readonly evidence?: string;
}
export interface Words {
  readonly checklist: string;
  readonly roles: readonly string[];
  readonly release: { readonly name: string; readonly version: string; readonly commit: string };
  readonly attestations: readonly Statement[];
}

/** Of the project's checklists. A file that cannot be read says nothing here: the gate tells what is wrong with it. */
export function peopleWords(project: string, env: NodeJS.ProcessEnv = process.env): readonly Words[] {
  const folder = join(project, 'specs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const checklist = yamlOf(join(folder, name, 'checklist.yaml'));
    if (checklist === undefined) return [];
    const { roles, release } = checklist;
    const said = yamlOf(join(folder, name, WORDS_FILE))?.['attestations'];
    const named = isRecord(release) ? release : {};
    return [
      {
        checklist: textOf(checklist['name']),
        roles: isRecord(roles) ? Object.keys(roles) : [],
        release: {
          name: textOf(named['name']),
          version: env['GOLIVE_RELEASE'] || textOf(named['version']),
          commit: env['GOLIVE_COMMIT'] || textOf(named['commit']),
        },
        attestations: Array.isArray(said) ? said.filter(isStatement) : [],
      },
    ];
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'unknown');

function isStatement(value: unknown): value is Statement {
  return isRecord(value) && ['item', 'role', 'statement'].every((name) => typeof value[name] === 'string');
}

function yamlOf(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = load(readFileSync(path, 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
