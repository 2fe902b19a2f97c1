/** `golive waive ITEM`: adds a waiver to waivers.yaml. Whoever signs the release sees it: one added later voids their signatures. 0 done, 64 wrong use. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dump } from 'js-yaml';
import { EXIT } from '../checks/contract/decision.ts';
import { readPeople, WAIVERS_FILE } from '../specs/loader/people/load.ts';
import { peopleStanding } from '../reports/decide/people.ts';
import { renderProblem } from '../specs/loader/problems.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { writeError, writeOut } from './write.ts';

export interface WaiveOptions extends Selection {
  readonly item: string;
  readonly reason: string;
  readonly approver: string;
  readonly ticket: string;
  readonly until: string;
  readonly subject?: string;
}

export function waive(options: WaiveOptions): number {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { plan, root } = compiled;
  const { item, reason, approver, ticket, until: expires, subject } = options;
  const file = join(dirname(plan.checklist.file), WAIVERS_FILE);
  const path = resolve(root, file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
  const entry = {
    ...{ item, environment: plan.environment.name, release: plan.release.version, reason, approver, ticket, expires },
    ...(subject === undefined ? {} : { subject }),
  };
  const head = before?.trim() ? `${before.trimEnd()}\n` : 'apiVersion: golive/v1\nwaivers:\n';
  const added = dump([entry], { lineWidth: -1 }).trimEnd().replace(/^/gm, '  ');
  writeFileSync(path, `${head.replace(/waivers: \[\]\s*$/, 'waivers:\n')}${added}\n`);
  const now = new Date();
  const people = readPeople(root, plan, now);
  const own = people.waivers.find((one) => one.item === item && one.expires === expires && one.approver === approver);
  const places = own === undefined ? [] : [own.place];
  // Who wrote it is known once it is committed.
  const standing = { ...people, waivers: people.waivers.map((one) => ({ ...one, authors: one.authors ?? [] })) };
  const wrong = [
    ...[...people.problems, ...people.unmatched].filter((one) => one.file === file).map(renderProblem),
    ...peopleStanding(plan, standing, now).flatMap(({ place, text }) => (places.includes(place) ? [text] : [])),
  ];
  if (own !== undefined && wrong.length === 0) {
    writeOut(
      `Waived ${item} in ${plan.environment.name} until ${expires}: ${own.place}\nHave somebody else than ${approver} commit it: until then it does not apply. Signatures given before do not cover it.`,
    );
    return EXIT.GO;
  }
  if (before === null) rmSync(path);
  else writeFileSync(path, before);
  writeError([`golive waive: ${file} was left as it was:`, ...wrong].join('\n  '));
  return EXIT.usage;
}
