#!/usr/bin/env node
/** The command line. Each command is a module of commands/, loaded when it is used: `golive --help` loads none. */
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from './checks/contract/decision.ts';
import { hideCredentials } from './checks/contract/credentials.ts';
import { visibleText } from './checks/contract/visible-text.ts';
import { declareCutoverCommand } from './commands/declare-cutover.ts';
import { declareIncidentCommand } from './commands/declare-incident.ts';
import { declareLedgerCommand } from './commands/declare-ledger.ts';
import { declareLoadCommand } from './commands/declare-load.ts';
import { declareObjectCommands } from './commands/declare-objects.ts';
import { declareRehearsalCommands } from './commands/declare-rehearsal.ts';
import { declareReleaseCommands } from './commands/declare-release.ts';
import { declareResultCommands } from './commands/declare-results.ts';
import manifest from './package.json' with { type: 'json' };

const EXIT_CODES = `
Exit codes:
  0    GO, or the command did what it was asked
  1    NO-GO, or something it looked for is not in order
  2    HOLD
  64   wrong use, or an invalid checklist or environment
  70   broken: no decision could be written
  130  interrupted`;

/** Exit codes of a command that has meanings of its own for some of them. */
function exitCodes(own: Readonly<Record<number, string>>): string {
  const lines = Object.entries(own).map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`);
  return `\nExit codes:\n${lines.join('\n')}`;
}

const START = `
Start here:
  npx playwright test   the gate on the embedded rehearsal;
                        the report is reports/out/index.html
  golive plan           what would run, and against what
  golive doctor         when something is wrong

golive COMMAND --help shows a command's options, examples and exit codes.`;

const ENVIRONMENT_HELP =
  'environment: a name in fixtures/environments/ or a file; instead of GOLIVE_ENV. Neither: the embedded rehearsal';

interface Selected {
  readonly env?: string;
  readonly checklist?: string;
}

function build(finish: (code: number) => void): Command {
  const program = new Command('golive')
    .description('The go-live checklist as code. The gate itself runs with: npx playwright test')
    .version(manifest.version, '-V, --version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .showHelpAfterError('(golive --help lists the commands)')
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(visibleText(text)) })
    .addHelpText('after', START + '\n' + EXIT_CODES);

  const describe = (one: Command, description: string, examples: readonly string[], codes = EXIT_CODES): Command =>
    one
      .description(description)
      .helpOption('-h, --help', 'show help')
      .showHelpAfterError(`(golive ${pathOf(one)} --help shows how it is used)`)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n${codes}`);
  const command = (signature: string, description: string, examples: readonly string[], codes = EXIT_CODES): Command =>
    describe(program.command(signature), description, examples, codes);
  const selecting = (one: Command): Command =>
    one
      .option('--env <name|file>', ENVIRONMENT_HELP)
      .option('--checklist <folder|file>', 'checklist, where specs/ holds several; instead of GOLIVE_CHECKLIST');

  program.commandsGroup('Before a run:');
  selecting(
    command('validate', 'Check checklist, environment and params; report every problem with its place.', [
      'golive validate',
      'golive validate --env production',
    ]),
  ).action(async (options: Selected) => finish(await (await import('./commands/validate.ts')).validate(options)));

  selecting(
    command('plan', 'Show what would run, against what, what it may change and which rights it needs.', [
      'golive plan',
      'golive plan --env production',
      'golive plan --env production --rbac --subject serviceaccount:golive/gate | kubectl --context production apply -f -',
    ]),
  )
    .option('--rbac', 'print the least-privilege roles and bindings as YAML; golive can prints the whole command')
    .option('--subject <subject>', 'whom to bind: user:NAME or serviceaccount:NAMESPACE/NAME (user:golive-gate)')
    .addOption(
      new Option('--part <part>', 'with --rbac: the rights of what runs by itself in the cluster')
        .choices(['verification', 'cutover-watch'])
        .implies({ rbac: true }),
    )
    .addOption(new Option('--json', 'print the frozen plan as JSON').conflicts(['rbac', 'part']))
    .action(async (options: Selected) => finish(await (await import('./commands/plan.ts')).plan(options)));

  selecting(
    command(
      'rights',
      'Ask the cluster which of the rights that the plan needs the gate has.',
      ['golive rights --env production', 'golive rights --env production --json'],
      exitCodes({
        0: 'it has them all',
        1: 'some are missing',
        2: 'the cluster could not be asked',
        64: 'wrong use, or an invalid checklist or environment',
      }),
    ),
  )
    .option('--json', 'print rights and answers as JSON')
    .action(async (options: Selected) => finish(await (await import('./commands/rights.ts')).rights(options)));

  selecting(
    command(
      'doctor',
      'Diagnose this machine, this project and the way to the cluster.',
      ['golive doctor', 'golive doctor --env production', 'golive doctor --json'],
      exitCodes({ 0: 'all is well, or there are warnings only', 1: 'something is broken', 64: 'wrong use' }),
    ),
  )
    .option('--json', 'print what was found as JSON')
    .action(async (options: Selected) => finish(await (await import('./commands/doctor.ts')).doctor(options)));

  selecting(
    command('schedule', 'Show what is verified when after go-live, or run one of the schedules.', [
      'golive schedule',
      'golive schedule --json',
      'golive schedule --once hourly --env production',
    ]),
  )
    .option('--once <name>', 'run this one now, as its CronJob does, with the exit code of the run')
    .addOption(new Option('--json', 'print the schedules and their next starts as JSON').conflicts('once'))
    .action(async (options: Selected) => finish(await (await import('./commands/schedule.ts')).schedule(options)));

  program.commandsGroup('Kubernetes objects, in files or with --live in a cluster:');
  declareObjectCommands({ command, selecting, exitCodes, finish });

  program.commandsGroup('This machine and its rehearsal:');
  declareRehearsalCommands({ command, exitCodes, finish });

  program.commandsGroup('The release, its cutover and emergencies:');
  declareReleaseCommands({ command, selecting, exitCodes, finish });
  declareCutoverCommand({ command, describe, exitCodes, finish });
  declareIncidentCommand({ command, selecting, exitCodes, finish });
  declareLoadCommand({ command, selecting, exitCodes, finish });

  program.commandsGroup('After a run:');
  command(
    'sign',
    'Show what a role accepts and sign the release for it, veto it, or say who is missing.',
    [
      'golive sign --status',
      'golive sign --role technical-lead',
      'golive sign --role deployment-lead --for phase4',
      "golive sign --role product-owner --reject --reason 'The price list is wrong'",
      'golive sign --rehearsal',
    ],
    exitCodes({
      0: 'the decision is GO',
      1: 'it is NO-GO: a check failed, or somebody rejected the release',
      2: 'it is HOLD: signatures are missing, or there is nothing to sign yet',
      64: 'wrong use',
      70: 'there is no run to sign, it was changed, or the key does not count',
    }),
  )
    .option('--role <role>', 'the role that you sign for')
    .option('--for <phase>', 'a permit for a phase: it covers the phases before it')
    .option('--reject', 'veto the release')
    .option('--reason <text>', 'why you reject it')
    .option('--key <file>', "your SSH key, or its public half where an agent holds it; else GOLIVE_SIGN_KEY, or git's")
    .option('--as <name>', 'who you are in allowed_signers, where the key does not tell')
    .option('--yes', 'do not ask')
    .option('--status', 'who has signed, and who is missing')
    .option('--rehearsal', 'every signer of the rehearsal signs; needs no running platform')
    .option('--json', 'print who signed as JSON')
    .action(async (options: object) =>
      finish(await (await import('./commands/sign.ts')).sign({ ...options, root: await rootFolder() })),
    );
  selecting(
    command('attest <item>', 'Write and sign what your role vouches for, where no program can look.', [
      'golive attest P1-TEA-001 --env production --evidence https://wiki.example/training',
    ]),
  )
    .option('--statement <text>', 'what you vouch for, instead of what the item asks')
    .option('--days <number>', 'how long it stands; else as long as the item allows')
    .option('--evidence <link>', 'where others can look it up')
    .option('--key <file>', "your SSH key, or its public half where an agent holds it; else GOLIVE_SIGN_KEY, or git's")
    .option('--as <name>', 'who you are in allowed_signers, where the key does not tell')
    .action(async (item: string, options: object) =>
      finish((await import('./commands/attest.ts')).attest({ item, ...options })),
    );
  selecting(
    command('waive <item>', 'Add a waiver of one item to waivers.yaml, for this release and environment.', [
      "golive waive P1-NET-002 --env production --reason 'Known, no user is hit' --approver 'Ada Lovelace' --ticket OPS-12 --until 2027-01-31T00:00:00Z",
    ]),
  )
    .requiredOption('--reason <text>', 'why the release may go on without it')
    .requiredOption('--approver <name>', 'who answers for it')
    .requiredOption('--ticket <id>', 'where putting it right is tracked')
    .requiredOption('--until <time>', 'when it ends, within a year, RFC 3339')
    .option('--subject <name>', 'only findings about this subject, as the report names it')
    .action(
      async (
        item: string,
        options: { reason: string; approver: string; ticket: string; until: string; subject?: string },
      ) => finish((await import('./commands/waive.ts')).waive({ item, ...options })),
    );
  command('report', 'Draw the report of a decision again.', ['golive report', 'golive report --open'])
    .option('--run <id>', 'an earlier run, by the name of its folder in .golive/runs')
    .option('--open', 'open it in the browser')
    .action(async (options: { run?: string; open?: boolean }) =>
      finish((await import('./commands/report.ts')).report(options)),
    );
  declareResultCommands({ command, exitCodes, finish, rootFolder });
  command(
    'verify [bundle]',
    'Check the chains of the ledger: is what was recorded still what was written? Or verify the bundle of one decision and its signatures anywhere.',
    ['golive verify', 'golive verify .golive/runs/<run>/signed --with specs/code-platform'],
  )
    .option(
      '--with <folder>',
      'of a bundle: the folder of your own allowed_signers, revoked_signers and checklist.yaml',
    )
    .option('--json', 'print the result as JSON')
    .action(async (bundle: string | undefined, options: { json?: boolean; with?: string }) => {
      const { verify } = await import('./commands/verify.ts');
      const where = bundle === undefined ? { root: await rootFolder() } : { bundle };
      finish(await verify({ ...options, ...where }));
    });
  command('replay <path>', 'Decide again from the bundle or the folder of a run, and compare.', [
    'golive replay .golive/runs/<run>',
  ])
    .option('--json', 'print both decisions and their differences as JSON')
    .option('--allowed-signers <file>', 'differs also when none of these signed the record of the run')
    .action(async (path: string, options: { json?: boolean; allowedSigners?: string }) =>
      finish(await (await import('./commands/replay.ts')).replay({ path, ...options })),
    );

  declareLedgerCommand({ command, describe, finish, rootFolder });

  program.commandsGroup('Writing checks:');
  command('generate', 'Write the schema for editors, the catalogue of checks and the RBAC of the gate.', [
    'golive generate',
    'golive generate --check',
  ])
    .option('--check', 'write nothing; exit 1 when a file is out of date')
    .action(async (options: object) => finish(await (await import('./commands/generate.ts')).generate(options)));

  command(
    'new-check <domain/name>',
    'Start a check kind: its file, its test, its cases and its line in the registry.',
    ['golive new-check traffic/tls-certificate'],
  ).action(async (kind: string) => finish(await (await import('./commands/new-check.ts')).newCheck(kind)));

  return program;
}

/** `ledger export`: the command with those above it. */
function pathOf(command: Command): string {
  const above = command.parent;
  return above?.parent ? `${pathOf(above)} ${command.name()}` : command.name();
}

async function rootFolder(): Promise<string> {
  return (await import('./commands/root.ts')).projectRoot();
}

/** Runs one command; answers its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.GO;
  const program = build((result) => (code = result));
  throwInsteadOfExit(program);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync(withoutHelpWord(program, argv), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.GO : EXIT.usage;
    return tellFailure(error);
  }
}

/** `help plan` is `plan --help`; after `help`, a command that does not exist is told as one. */
function withoutHelpWord(program: Command, argv: readonly string[]): readonly string[] {
  const [word, name, ...more] = argv;
  if (word !== 'help') return argv;
  if (name === undefined) return ['--help'];
  const known = program.commands.some((command) => command.name() === name);
  return known ? [name, ...more, '--help'] : [name];
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) throwInsteadOfExit(inner);
}

/** A defect or a machine that fails: one line for people, the stack only when asked for. */
function tellFailure(error: unknown): number {
  const problem = error instanceof Error ? error : new Error(String(error));
  if (problem.name === 'InvalidInput') {
    process.stderr.write(problem.message);
    return EXIT.usage;
  }
  process.stderr.write(`golive: ${visibleText(hideCredentials(problem.message))}\n`);
  if (process.env['GOLIVE_DEBUG']) process.stderr.write(`${visibleText(hideCredentials(problem.stack ?? ''))}\n`);
  else process.stderr.write('Set GOLIVE_DEBUG=1 to see where it failed.\n');
  return EXIT.broken;
}

// A reader that has seen enough (`golive plan | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.GO);
  throw error;
});

// The bundle is small and its names are short: a stack that somebody asks for names the sources.
if (process.env['GOLIVE_DEBUG']) process.setSourceMapsEnabled(true);
process.exitCode = await main(process.argv.slice(2));
