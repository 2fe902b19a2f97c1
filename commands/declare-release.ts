/** How the commands that build, apply and take back a release are called; each is loaded when it is used. */
import { Option } from 'commander';
import type { Declaring } from './declare-objects.ts';

export function declareReleaseCommands({ command, selecting, exitCodes, finish }: Declaring): void {
  selecting(
    command(
      'run',
      'Show how execution.yaml builds, pushes and applies the release; with --execute, do it.',
      ['golive run', 'golive run --env production --json', 'GOLIVE_ARM=v1.0.0 golive run --env production --execute'],
      exitCodes({
        0: 'shown, or built, pushed, applied and running',
        1: 'a step did not do what it should have done: see why, and run it again',
        2: 'not allowed, not armed, or something could not be asked',
        64: 'wrong use, or an invalid file',
      }),
    ),
  )
    .option('--execute', 'do it: what is done already is not done again')
    .addOption(new Option('--json', 'print what would be done as JSON').conflicts('execute'))
    .action(async (options: object) => finish(await (await import('./execute/execute.ts')).run(options)));
  command(
    'rollback',
    'Take the traffic of a cutover back: of the one under way, or of one that died.',
    ['golive rollback', 'golive rollback --run 20260115T115000000Z-1a2b3c4d', 'golive rollback --abandoned'],
    exitCodes({
      0: 'traffic is back and verified, or there was nothing to take back',
      1: 'traffic is back, and something does not conform',
      64: 'wrong use',
      70: 'traffic is not back: see why, and run it again',
    }),
  )
    .option('--run <id>', 'the run whose cutover it is, also one that has ended well')
    .addOption(
      new Option(
        '--abandoned',
        'only one whose Lease nobody renews any more; for a watch that runs by itself',
      ).conflicts('run'),
    )
    .action(async (options: { readonly run?: string; readonly abandoned?: boolean }) => {
      const command = options.abandoned
        ? async () => await (await import('./rollback-abandoned.ts')).rollbackAbandoned()
        : async () => await (await import('./rollback.ts')).rollback(options);
      finish(await command());
    });
  command(
    'janitor',
    'Remove what a golive that was killed has left in the cluster: temporary pods and network policies.',
    ['golive janitor --dry-run', 'golive janitor --env production', 'golive janitor --json'],
    exitCodes({
      0: 'nothing is left',
      1: 'something is, and is not removed (--dry-run)',
      2: 'the cluster refuses or does not answer',
      64: 'wrong use',
    }),
  )
    .option('--env <name>', 'environment')
    .option('--dry-run', 'name it and remove nothing')
    .option('--json', 'for programs')
    .action(async (options: object) => finish(await (await import('./janitor.ts')).janitor(options)));
}
