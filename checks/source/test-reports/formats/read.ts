/** Reads a file of test results in whichever format it is. */
import { parseJson } from '../../../contract/json.ts';
import { errorText } from '../../../contract/text.ts';
import { isCtrf, readCtrf } from './ctrf.ts';
import { readJunit } from './junit.ts';
import { isAutocannon, readAutocannon } from './autocannon.ts';
import { isK6, readK6 } from './k6.ts';
import type { Results } from './types.ts';

export const FORMATS = 'JUnit XML, CTRF or a summary of k6';

/** The results, or why they cannot be read. */
export function readResults(text: string): Results | { readonly unreadable: string } {
  if (text.trimStart().startsWith('<')) {
    try {
      return readJunit(text);
    } catch (error) {
      return { unreadable: (errorText(error).split('\n')[0] ?? '').trim() };
    }
  }
  const value = parseJson(text);
  if (isCtrf(value)) return readCtrf(value);
  if (isK6(value)) return readK6(value);
  if (isAutocannon(value)) return readAutocannon(value);
  return { unreadable: value === undefined ? 'it is neither XML nor JSON' : 'its JSON is neither CTRF nor of k6' };
}
