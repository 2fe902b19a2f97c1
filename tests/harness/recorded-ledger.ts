/**
 * Projects whose runs are recorded and signed as on a runner, in milliseconds: the key is the machine's, what it may do stands beside the
 * checklist, and what the user's machine has seen lies outside the project.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { IDENTITY, itemOf, planOf, recordOf } from '../../reports/decide/testing/inputs.ts';
import { writeJsonAtomic } from '../../reports/record/io.ts';
import { ledgerFolder } from '../../reports/record/paths.ts';
import { appendEvent, appendOutcome } from '../../reports/record/run-folder/append.ts';
import { finishRun } from '../../reports/record/run-folder/finish.ts';
import { openRun } from '../../reports/record/run-folder/open.ts';

/** Two phases of one item each. */
export const SMALL_PLAN = planOf([itemOf('A'), itemOf('B', { phase: 'phase2' })]);

export interface RunOptions {
  readonly plan?: Plan;
  readonly key?: string | null;
  readonly uid?: string | null;
  /** The items that the command line left in; default: all of the phase. */
  readonly items?: readonly string[];
  readonly over?: Parameters<typeof recordOf>[3];
  readonly now?: Date;
}

export class RecordedLedgers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'golive-ledgers-'));
  readonly #home = process.env['XDG_STATE_HOME'];
  #machines = 0;

  constructor() {
    process.env['XDG_STATE_HOME'] = join(this.#folder, 'state');
    this.makeKey('runner');
  }

  /** Path of a new key. */
  makeKey(name: string): string {
    const path = this.key(name);
    const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
    if (status !== 0) throw new Error(`ssh-keygen (openssh-client) is needed: ${String(stderr)}`);
    return path;
  }
  key(name = 'runner'): string {
    return join(this.#folder, name);
  }
  /** The line that allows a key. */
  allowing(name = 'runner', options = 'namespaces="golive-ledger"'): string {
    return `${name} ${options} ${readFileSync(`${this.key(name)}.pub`, 'utf8')}`;
  }

  /** A project folder where the runner's key is allowed. */
  machine(): string {
    const root = join(this.#folder, `machine-${(this.#machines += 1)}`);
    this.allow(root, this.allowing());
    return root;
  }
  allow(root: string, text: string): void {
    const file = join(root, dirname(SMALL_PLAN.checklist.file), 'allowed_signers');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** A finished run of one phase at that minute, with a file of evidence; answers its folder. */
  run(root: string, phase: string, minute: number, options: RunOptions = {}): string {
    const { plan = SMALL_PLAN, key = this.key(), uid = IDENTITY.uid, items, over = {} } = options;
    const at = (second: number) => new Date(Date.UTC(2027, 2, 1, 12, minute, second));
    const runDir = openRun({ root, plan, selectedPhases: [phase], now: at(0) });
    const identity = { name: plan.environment.name, uid };
    if (uid !== null) writeJsonAtomic(join(runDir, 'environment.json'), identity);
    if (items) appendEvent(runDir, { at: at(0).toISOString(), event: 'selected', phase, items });
    writeFileSync(join(runDir, 'evidence', 'seen.txt'), 'seen');
    const sha256 = `sha256:${createHash('sha256').update('seen').digest('hex')}`;
    const file = { type: 'file', title: 'Seen', path: 'seen.txt', mediaType: 'text/plain', sha256, bytes: 4 } as const;
    for (const { id } of plan.items.filter((item) => item.phase === phase && (items?.includes(item.id) ?? true))) {
      const said = { startedAt: at(1).toISOString(), evidence: [file], ...over };
      appendOutcome(runDir, 0, recordOf(plan, id, 'pass', said));
    }
    const env = key === null ? {} : { ...process.env, GOLIVE_LEDGER_KEY: key };
    finishRun({ runDir, root, endedBy: 'finished', now: options.now ?? at(2), env });
    return runDir;
  }

  close(): void {
    if (this.#home === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = this.#home;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function decisionOf(runDir: string): Decision {
  return JSON.parse(readFileSync(join(runDir, 'decision.json'), 'utf8')) as Decision;
}

/** The files of a project's ledger, oldest first. */
export function ledgerFiles(root: string): string[] {
  return readdirSync(ledgerFolder(root))
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(ledgerFolder(root), name));
}

export function editFile(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

/** Cuts lines off the end of a file. */
export function cutLines(path: string, lines: number): void {
  editFile(path, (text) => `${text.trimEnd().split('\n').slice(0, -lines).join('\n')}\n`);
}
