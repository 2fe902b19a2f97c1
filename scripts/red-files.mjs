/** Vitest reporter: writes down each file that is red as soon as it is over, and says why, so that both are known where the run is stopped. */
import { appendFileSync } from 'node:fs';

/** Where the names go, one a line. */
export const RED_FILES = 'node_modules/.cache/golive/red-files.txt';
/** Characters of an error. */
const KEPT = 2000;

export default class RedFiles {
  onTestModuleEnd(module) {
    if (module.state() !== 'failed') return;
    appendFileSync(RED_FILES, `${module.relativeModuleId}\n`);
    for (const test of module.children.allTests('failed')) tell(test.fullName, test.result().errors);
    tell(module.relativeModuleId, module.errors());
  }
}

function tell(name, errors = []) {
  for (const { message = '', stack = '' } of errors) {
    const where = stack.split('\n').find((line) => line.includes('.test.ts')) ?? '';
    process.stdout.write(`RED ${name}\n${message.slice(0, KEPT)}\n${where}\n`);
  }
}
