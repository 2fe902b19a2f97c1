/** What is wrong with drills beyond their shape: names of items, faults, groups, findings and their data that do not exist. */
import type { PlannedItem } from '../../../checks/contract/plan.ts';
import type { CheckKind } from '../../../checks/kit/kind.ts';
import { dataNames } from '../../../checks/kit/verdict.ts';
import { showValue, type Problem } from '../problems.ts';
import { PLANNED_KIND } from '../schemas.ts';
import { didYouMean } from '../suggest.ts';
import type { YamlFile } from '../yaml/parse.ts';
import { pointerStep } from '../../../k8s/semantics/objects/positions.ts';
import type { ExpectedChange, ExpectedFinding } from './types.ts';

interface Named {
  readonly yaml: YamlFile;
  readonly pointer: string;
}

/** Collects the problems of all files of a folder. */
export class Judge {
  readonly problems: Problem[] = [];
  readonly #kindOf: ReadonlyMap<string, string>;
  readonly #kinds: ReadonlyMap<string, CheckKind>;
  readonly #faults: readonly string[];
  readonly #drilled = new Map<string, Named>();
  readonly #groups = new Map<string, Named>();
  readonly #used = new Set<string>();

  constructor(
    items: readonly Pick<PlannedItem, 'id' | 'kind'>[],
    kinds: ReadonlyMap<string, CheckKind>,
    faults: readonly string[],
  ) {
    this.#kindOf = new Map(items.map(({ id, kind }) => [id, kind]));
    this.#kinds = kinds;
    this.#faults = faults;
  }

  fault(yaml: YamlFile, pointer: string, name: string): void {
    this.#once(this.#drilled, 'fault', yaml, pointer, name);
    if (this.#faults.includes(name)) return;
    this.#unknown(yaml, pointer, 'there is no such fault', name, this.#faults, 'key');
  }

  group(yaml: YamlFile, pointer: string, name: string): void {
    this.#once(this.#groups, 'group', yaml, pointer, name);
  }

  /** A group that a drill names: is there one? */
  named(yaml: YamlFile, pointer: string, name: string): boolean {
    this.#used.add(name);
    const known = this.#groups.has(name);
    if (!known) this.#unknown(yaml, pointer, 'there is no such group', name, [...this.#groups.keys()]);
    return known;
  }

  /** Items that may follow may be planned still, but must be items. */
  items(yaml: YamlFile, pointer: string, items: readonly string[]): void {
    items.forEach((item, index) => {
      if (this.#kindOf.has(item)) return;
      this.#unknown(yaml, `${pointer}/${index}`, 'the checklist has no such item', item, [...this.#kindOf.keys()]);
    });
  }

  change(yaml: YamlFile, pointer: string, { item, findings = [], anyOf = [] }: ExpectedChange): void {
    const name = this.#kindOf.get(item);
    if (name === undefined)
      return this.#unknown(yaml, pointer, 'the checklist has no such item', item, [...this.#kindOf.keys()], 'key');
    if (name === PLANNED_KIND) {
      const message = `this item is planned, so nothing can turn it red (${showValue(item)})`;
      this.problems.push(yaml.problem(pointer, { message, fix: 'Build the item first, or remove the line' }, 'key'));
      return;
    }
    const kind = this.#kinds.get(name);
    if (!kind) return;
    const lists = [
      { at: `${pointer}/findings`, list: findings },
      ...anyOf.map((list, index) => ({ at: `${pointer}/anyOf/${index}`, list })),
    ];
    for (const { at, list } of lists) list.forEach((one, index) => this.#finding(yaml, `${at}/${index}`, one, kind));
  }

  /** Once all files are read: faults without a drill, groups that nobody names. */
  atEnd(folder: string): void {
    for (const name of this.#faults.filter((one) => !this.#drilled.has(one))) {
      const message = `no file says what the fault ${name} must change`;
      const fix = 'Write it under drills, with the items it turns red';
      this.problems.push({ file: folder, line: 0, column: 0, field: '', message, fix });
    }
    for (const [name, { yaml, pointer }] of this.#groups)
      if (!this.#used.has(name)) {
        const message = `no drill names this group (${showValue(name)})`;
        this.problems.push(yaml.problem(pointer, { message, fix: 'Remove it' }, 'key'));
      }
  }

  #finding(yaml: YamlFile, pointer: string, { id, data = {} }: ExpectedFinding, { meta }: CheckKind): void {
    [id].flat().forEach((one, index) => {
      const found = meta.messages[one];
      const at = `${pointer}/id${typeof id === 'string' ? '' : `/${index}`}`;
      if (!found) return this.#unknown(yaml, at, `${meta.kind} has no such message`, one, Object.keys(meta.messages));
      const names = dataNames(found);
      for (const name of Object.keys(data).filter((given) => !names.includes(given)))
        this.#unknown(yaml, `${pointer}/data${pointerStep(name)}`, `${one} has no such data`, name, names, 'key');
    });
  }

  #once(seen: Map<string, Named>, what: 'fault' | 'group', yaml: YamlFile, pointer: string, name: string): void {
    const first = seen.get(name);
    if (!first) {
      seen.set(name, { yaml, pointer });
      return;
    }
    const { file, line } = first.yaml.at(first.pointer, 'key');
    const message = `the ${what} stands at ${file}:${line} already (${showValue(name)})`;
    this.problems.push(yaml.problem(pointer, { message, fix: 'Remove one of the two' }, 'key'));
  }

  #unknown(
    yaml: YamlFile,
    pointer: string,
    message: string,
    name: string,
    allowed: readonly string[],
    at: 'key' | 'value' = 'value',
  ): void {
    const suggestion = didYouMean(name, allowed);
    this.problems.push(
      yaml.problem(
        pointer,
        {
          message: `${message} (${showValue(name)})`,
          allowed,
          ...(suggestion === undefined ? {} : { suggestion }),
          fix: 'Correct the name or remove it',
        },
        at,
      ),
    );
  }
}
