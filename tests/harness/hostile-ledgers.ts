/** What tests of an attacked ledger share: its machines, a clock that stands, and what golive says. */
import { afterEach, beforeEach, vi } from 'vitest';
import type { Decision } from '../../checks/contract/decision.ts';
import { verify } from '../../commands/verify.ts';
import { decisionOf, RecordedLedgers, type RunOptions } from './recorded-ledger.ts';

export class HostileLedgers extends RecordedLedgers {
  said = '';

  /** What a run of phase2 decides on what the ledger says of phase1. */
  decide(root: string, minute = 30, options: RunOptions = {}): Decision {
    return decisionOf(this.run(root, 'phase2', minute, options));
  }
  /** Exit code and words of `golive verify`. */
  async verified(root: string): Promise<string> {
    this.said = '';
    const code = await verify({ root });
    return `${String(code)} ${this.said}`;
  }
}

export const whyOf = ({ reasons }: Decision): string => reasons.map(({ text }) => text).join('\n');

/** Called once in a test file; answers those of the test that runs. */
export function hostileLedgers(): () => HostileLedgers {
  let ledgers: HostileLedgers;
  beforeEach(() => {
    ledgers = new HostileLedgers();
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-03-01T13:00:00Z') });
    const listen = (text: string | Uint8Array): boolean => {
      ledgers.said += String(text);
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation(listen);
    vi.spyOn(process.stderr, 'write').mockImplementation(listen);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    ledgers.close();
  });
  return () => ledgers;
}
