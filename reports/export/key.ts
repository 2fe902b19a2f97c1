/** The key that signs an exported statement: the runner's own, that signs its record in the ledger, too. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../checks/contract/text.ts';
import { REHEARSAL_LEDGER_KEY } from '../../checks/contract/rehearsal-key.ts';
import { ed25519PrivateKey } from '../../checks/protocols/ssh/private-key.ts';
import { LEDGER_KEY } from '../record/ledger/signing.ts';
import type { EnvelopeKey } from './dsse.ts';

/** Never throws; nothing of the key is in what it says. */
export function envelopeKey(root: string, rehearsal: boolean, env: NodeJS.ProcessEnv): EnvelopeKey {
  const path = rehearsal ? join(root, REHEARSAL_LEDGER_KEY) : (env[LEDGER_KEY] ?? '');
  if (path === '') return { unsigned: `${LEDGER_KEY} is not set` };
  const name = rehearsal ? REHEARSAL_LEDGER_KEY : LEDGER_KEY;
  try {
    const text = readFileSync(path, 'utf8');
    return { key: rehearsal ? createPrivateKey(text) : ed25519PrivateKey(text) };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { unsigned: missing ? `there is no ${path}` : `${name} cannot sign statements: ${errorText(error)}` };
  }
}
