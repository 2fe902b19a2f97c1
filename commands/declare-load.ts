/** How `golive load` is called. */
import type { Declaring } from './declare-objects.ts';
import type { LoadOptions } from './load.ts';

export function declareLoadCommand({ command, exitCodes, finish }: Declaring): void {
  command(
    'load <profile>',
    'Send a load profile by hand, with figures every second; decides nothing.',
    [
      'golive load specs/code-platform/load/users.yaml',
      'golive load specs/code-platform/load/users.yaml --rate 200 --duration 30s',
      'GOLIVE_ARM=v1.0.0 golive load users.yaml --env staging --json > load.json',
    ],
    exitCodes({
      0: 'the load was carried',
      1: 'more than one request in a hundred failed, or nothing could be sent',
      2: 'not allowed or not armed; or the figures are not the service’s: the generator was too slow, or the service cold',
      64: 'wrong use, or an invalid profile or environment',
      130: 'interrupted: what was measured until then was shown',
    }),
  )
    .option('--env <name|file>', 'environment whose endpoints the profile names; the running rehearsal when absent')
    .option('--rate <number>', "arrivals a second in place of the profile's; where its rate changes, the highest")
    .option('--duration <time>', "how long is measured in place of the profile's")
    .option('--warmup <time>', "how long load runs before measuring starts in place of the profile's")
    .option('--timeout <time>', 'a request without an answer for this long is lost', '10s')
    .option('--connections <number>', 'connections at most, to each target', '256')
    .option('--give-up <percent>', 'end the run once more than this of its requests has failed', '50')
    .option('--json', 'print the result as JSON')
    .action(async (profile: string, options: LoadOptions) =>
      finish(await (await import('./load.ts')).load(profile, options)),
    );
}
