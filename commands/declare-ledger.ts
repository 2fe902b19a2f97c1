/** The command line of `golive ledger`. */
import type { Command } from 'commander';
import type { Declaring } from './declare-objects.ts';

interface Declare extends Pick<Declaring, 'command' | 'finish'> {
  readonly describe: (one: Command, description: string, examples: readonly string[], codes?: string) => Command;
  readonly rootFolder: () => Promise<string>;
}

export function declareLedgerCommand({ command, describe, finish, rootFolder }: Declare): void {
  const ledger = command('ledger', 'Sign the ledger, carry it between machines, set a run of it aside.', [
    'golive ledger key ~/.config/golive/ledger-key',
    'golive ledger export ledger.json',
    'golive ledger import ledger.json',
  ]);
  describe(ledger.command('key <file>'), 'Make the key that signs what a runner records.', [
    'golive ledger key ~/.config/golive/ledger-key --name ci@example.com',
  ])
    .option('--name <name>', 'who it is, in allowed_signers, instead of this machine')
    .action(async (file: string, options: { name?: string }) =>
      finish((await import('./ledger-key.ts')).ledgerKey({ file, ...options, root: await rootFolder() })),
    );
  describe(
    ledger.command('quarantine <run>'),
    'Set a run aside whose clock was wrong or whose record is damaged; what it judged must be run again.',
    ['golive ledger quarantine 20260115T115000000Z-1a2b3c4d'],
  ).action(async (run: string) =>
    finish(await (await import('./ledger.ts')).ledgerQuarantine({ run, root: await rootFolder() })),
  );
  describe(ledger.command('export <file>'), 'Write the ledger to a file.', ['golive ledger export ledger.json'])
    .option('--run <id>', 'one run and those it builds on, instead of all')
    .action(async (out: string, options: { run?: string }) =>
      finish(await (await import('./ledger.ts')).ledgerExport({ out, ...options, root: await rootFolder() })),
    );
  describe(ledger.command('import <file>'), 'Add the runs of an exported ledger; what does not verify is refused.', [
    'golive ledger import ledger.json',
  ]).action(async (file: string) =>
    finish(await (await import('./ledger.ts')).ledgerImport({ file, root: await rootFolder() })),
  );
}
