/** The command line of `golive cutover`. */
import type { Command } from 'commander';
import type { Declaring } from './declare-objects.ts';

interface WheelFlags {
  readonly reason: string;
  readonly json?: boolean;
}
interface Declare extends Pick<Declaring, 'command' | 'exitCodes' | 'finish'> {
  readonly describe: (one: Command, description: string, examples: readonly string[], codes?: string) => Command;
}

export function declareCutoverCommand({ command, describe, exitCodes, finish }: Declare): void {
  const cutover = command('cutover', 'Take the wheel of the cutover that is under way: hold, resume or abort it.', [
    "golive cutover hold --reason 'Support has three calls, looking'",
    "golive cutover resume --reason 'They were of another cause'",
    "golive cutover abort --reason 'Prices are wrong'",
  ]);
  const wheel = (name: 'hold' | 'resume' | 'abort', description: string, codes: Readonly<Record<number, string>>) =>
    describe(
      cutover.command(name),
      description,
      [`golive cutover ${name} --reason 'Why'`, `golive cutover ${name} --reason 'Why' --json`],
      exitCodes({ ...codes, 64: 'wrong use' }),
    )
      .requiredOption('--reason <text>', 'why, for the journal and the report')
      .option('--json', 'print what became of it as JSON')
      .action(async (options: WheelFlags) => finish(await (await import('./cutover.ts'))[name](options)));
  wheel('hold', 'Stay at the present weight; every trigger stays armed, and no step ends.', {
    0: 'traffic is held',
    1: 'no cutover is under way, or traffic goes back already',
    70: 'the process of the cutover does not answer',
  });
  wheel('resume', 'Go on with a cutover that is held.', {
    0: 'it goes on',
    1: 'nobody holds it, or traffic goes back already',
    70: 'the process of the cutover does not answer',
  });
  wheel('abort', 'Take traffic back, as a trigger does, and wait until that is verified.', {
    0: 'traffic is back and verified',
    1: 'no cutover is under way, or traffic is back and something does not conform',
    70: 'traffic is not back: see why, and run golive rollback',
  });
}
