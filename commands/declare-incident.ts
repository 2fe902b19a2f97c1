/** The command line of `golive incident`. */
import { Option } from 'commander';
import type { Declaring } from './declare-objects.ts';

interface IncidentFlags {
  readonly env?: string;
  readonly checklist?: string;
  readonly drill?: boolean;
  readonly because?: string;
  readonly resolve?: string;
  readonly json?: boolean;
}

export function declareIncidentCommand({ command, selecting, exitCodes, finish }: Declaring): void {
  selecting(
    command(
      'incident [summary]',
      'Do what the decision tree says (take traffic back, stop, escalate), announce the bridge, page who is on call; or drill that.',
      [
        "golive incident 'Orders fail' --env production",
        "golive incident 'Strange logins' --because 'Security incident' --env production",
        'golive incident --drill --env production',
        'golive incident --resolve golive-incident-1a2b3c4d5e6f --env production',
      ],
      exitCodes({
        0: 'everything was done, everybody told',
        1: 'somebody was not reached; see who',
        64: 'wrong use, or the environment declares no incident',
        70: 'traffic is not back: run golive rollback',
      }),
    ),
  )
    .addOption(
      new Option('--drill', 'tell everybody that it is a drill, look for each receipt, take nothing back').conflicts(
        'resolve',
      ),
    )
    .option('--because <branch>', 'the branch of the decision tree, instead of what is measured')
    .option(
      '--resolve <id>',
      'close an incident: resolve its page, tell the channels; a cutover that was stopped goes on',
    )
    .option('--json', 'print the record as JSON')
    .action(async (summary: string | undefined, options: IncidentFlags) =>
      finish(
        await (await import('./incident.ts')).incident({ ...options, ...(summary === undefined ? {} : { summary }) }),
      ),
    );
}
