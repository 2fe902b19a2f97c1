/**
 * How the gate's own requests are told from those of users. Whoever counts requests copies the header into a label and leaves these out where
 * users are meant: `client="golive"` instead of `client="user"` in the rehearsal's metrics.
 */
export const GATE_HEADER = 'x-golive-traffic';
/** On every request that the gate, its load runs and its cutover send to the platform. */
export const GATE_TRAFFIC: Readonly<Record<string, string>> = { [GATE_HEADER]: 'gate' };

/** Who sent a request, by its headers as Node gives them. */
export function clientOf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): 'golive' | 'user' {
  return headers[GATE_HEADER] === undefined ? 'user' : 'golive';
}
