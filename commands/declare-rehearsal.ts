/** How the commands on this machine and its rehearsal are called; each is loaded when it is used. */
import type { Declaring } from './declare-objects.ts';

interface DrillFlags {
  readonly all?: boolean;
  readonly item?: readonly string[];
  readonly ci?: boolean;
  readonly within?: string;
  readonly json?: string;
}

export function declareRehearsalCommands({ command, exitCodes, finish }: Omit<Declaring, 'selecting'>): void {
  command('setup [program...]', 'Fetch the programs this machine lacks into the project; installs nothing.', [
    'golive setup',
    'golive setup kubectl',
  ]).action(async (programs: readonly string[]) => finish(await (await import('./setup.ts')).setup(programs)));
  command('up', 'Start a rehearsal that stays until golive down.', ['golive up']).action(async () =>
    finish(await (await import('./up.ts')).up([])),
  );
  command('down', 'Stop the rehearsal that golive up started.', ['golive down']).action(async () =>
    finish(await (await import('./down.ts')).down([])),
  );
  command('rehearse [args...]', 'Run the gate on a rehearsal of its own, healthy or broken in a named way.', [
    'golive rehearse --list',
    'golive rehearse --fault redis-killed',
    'golive rehearse --fault redis-killed -- --project=phase1',
  ])
    .option('--fault <name>', 'what to break before the gate starts')
    .option('--list', 'name every fault and the items it turns red')
    .action(async (args: readonly string[], options: { fault?: string; list?: boolean }) =>
      finish(await (await import('./rehearse.ts')).rehearse({ ...options, args })),
    );
  command(
    'drill [fault...]',
    'Break a rehearsal in every declared way and show that each item turns red, for the right reason.',
    ['golive drill', 'golive drill --all', 'golive drill redis-killed', 'golive drill --item P1-DAT-002'],
    exitCodes({
      0: 'every fault did what it declares, every item can turn red',
      1: 'something else moved, an item cannot turn red, or (without --ci) something is not proven',
      64: 'wrong use, or an invalid checklist or environment',
      70: 'the rehearsal did not start',
      130: 'interrupted; what was broken is repaired',
    }),
  )
    .option('--all', 'every declared fault, not only as many as turn each item red once')
    .option('--item <id...>', 'only faults that change these items')
    .option('--ci', 'what could not be judged because this machine was busy is told, and fails nothing')
    .option('--within <duration>', 'try no further fault after that time: 12m; what was not tried is not proven')
    .option('--json <file>', 'write the matrix as JSON')
    .action(async (names: readonly string[], options: DrillFlags) =>
      finish(
        await (
          await import('./drill.ts')
        ).drill({
          faults: names,
          items: options.item ?? [],
          all: options.all === true,
          ci: options.ci === true,
          ...(options.within === undefined ? {} : { within: options.within }),
          ...(options.json === undefined ? {} : { json: options.json }),
        }),
      ),
    );
}
