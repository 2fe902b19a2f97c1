/**
 * What the run before left in `reports/out`. It goes when a run begins: yesterday's green artefacts beside today's NO-GO would be believed. A
 * run that turns out to have nothing to run puts it back.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXPORTS_FOLDER } from '../reports/export/write.ts';
import { writeTextAtomic } from '../reports/record/io.ts';
import { decisionFile } from '../reports/record/paths.ts';

/** Beside `decision.json`, which each run replaces as its first act. */
const ARTEFACTS = ['index.html', 'junit.xml', 'playwright', 'allure-results', EXPORTS_FOLDER];
/** In the same folder, so that moving is renaming. What a killed run leaves in it, the next one removes. */
const ASIDE = '.before';

export interface EarlierReports {
  /** As if this run had never begun. */
  putBack(): void;
  /** When the run has a decision of its own. */
  drop(): void;
}

/** Remembers the decision that stands and sets the artefacts aside. Throws what the file system throws: then no run may begin. */
export function setReportsAside(root: string): EarlierReports {
  const out = dirname(decisionFile(root));
  const aside = join(out, ASIDE);
  // Kept in memory: on disk it could be found and believed.
  const decision = existsSync(decisionFile(root)) ? readFileSync(decisionFile(root), 'utf8') : null;
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
  const move = (from: string, to: string): void => {
    for (const name of ARTEFACTS) {
      remove(join(to, name));
      if (existsSync(join(from, name))) renameSync(join(from, name), join(to, name));
    }
  };
  remove(aside);
  if (existsSync(out)) {
    mkdirSync(aside, { mode: 0o700 });
    move(out, aside);
  }
  return {
    putBack() {
      if (existsSync(aside)) move(aside, out);
      else for (const name of ARTEFACTS) remove(join(out, name));
      remove(aside);
      if (decision === null) remove(decisionFile(root));
      else writeTextAtomic(decisionFile(root), decision, 0o600);
    },
    drop: () => remove(aside),
  };
}
