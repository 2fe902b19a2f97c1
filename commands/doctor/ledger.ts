/** Is the ledger sound, and does it count? */
import type { Plan } from '../../checks/contract/plan.ts';
import { signerOf } from '../../checks/protocols/ssh/allowed-signers.ts';
import { verifySignature } from '../../checks/protocols/ssh/signature.ts';
import { errorText } from '../../checks/contract/text.ts';
import { readLedger } from '../../reports/record/ledger/read.ts';
import { LEDGER_KEY, LEDGER_NAMESPACE, signerFor } from '../../reports/record/ledger/signing.ts';
import { ledgerKeys } from '../../reports/record/ledger/trust.ts';
import { ledgerFolder } from '../../reports/record/paths.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

export function ledgerFinding(root: string): Finding {
  const { damage } = readLedger(ledgerFolder(root));
  const [first] = damage;
  if (first === undefined) return ok('ledger', 'its chains are whole; golive verify says who vouches for it');
  return bad('ledger', damage.length === 1 ? first : `${first} (and ${damage.length - 1} more)`, 'golive verify');
}

/** Whether what a run records now will count for later ones. */
export function ledgerKeyFindings(root: string, plan: Plan, env: NodeJS.ProcessEnv, now: Date): readonly Finding[] {
  if (plan.environment.rehearsal) return [ok('ledger key', 'the rehearsal makes one at each start')];
  const keys = ledgerKeys(root, plan.checklist.file);
  return [
    ...keys.problems.map((problem) => bad('ledger key', `${keys.file}: ${problem}`, 'Correct the line')),
    keyFinding(signerFor(root, plan, env), keys, now),
  ];
}

function keyFinding(sign: ReturnType<typeof signerFor>, keys: ReturnType<typeof ledgerKeys>, now: Date): Finding {
  const make = 'golive ledger key FILE makes one and says what to do with it';
  if (sign === null)
    return warn(
      'ledger key',
      `${LEDGER_KEY} is not set: runs are not signed, so later runs do not count on them`,
      make,
    );
  try {
    const text = 'golive doctor\n';
    const verified = verifySignature(text, sign(text), LEDGER_NAMESPACE);
    if ('problem' in verified)
      return bad('ledger key', `${LEDGER_KEY}: its signature does not verify: ${verified.problem}`, make);
    const { fingerprint } = verified;
    const signer = signerOf(keys.signers, { fingerprint, namespace: LEDGER_NAMESPACE, at: now.getTime() });
    return typeof signer === 'string'
      ? bad(
          'ledger key',
          `${keys.file} does not allow it: ${signer}`,
          `Add: NAME namespaces="${LEDGER_NAMESPACE}" KEY-TYPE KEY`,
        )
      : ok('ledger key', `${fingerprint} signs as ${signer.principals}`);
  } catch (error) {
    return bad('ledger key', errorText(error), make);
  }
}
