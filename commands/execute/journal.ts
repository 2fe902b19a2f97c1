/** What an execution did and was about to do: a line an event in `.golive/executions/<id>.jsonl`, on the disk before an act happens. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export type ExecutionEvent =
  | {
      readonly event: 'begun';
      readonly release: string;
      readonly commit: string;
      readonly environment: string;
      readonly pid: number;
    }
  | { readonly event: 'resumed'; readonly pid: number }
  /** Before it is built; `before` is what the registry had under its tag. */
  | { readonly event: 'building'; readonly image: string; readonly before: string | null }
  | { readonly event: 'pushing'; readonly image: string }
  | { readonly event: 'pushed'; readonly image: string; readonly digest: string }
  | { readonly event: 'applying'; readonly object: string; readonly at: string }
  | { readonly event: 'applied'; readonly object: string }
  | { readonly event: 'runs'; readonly deployment: string; readonly images: readonly string[] }
  | { readonly event: 'failed'; readonly why: string }
  | { readonly event: 'finished' };
export interface Journal {
  readonly id: string;
  readonly events: readonly ExecutionEvent[];
  tell(event: ExecutionEvent): void;
  close(): void;
}

export const EXECUTIONS = join('.golive', 'executions');

export function openJournal(root: string, id: string): Journal {
  const folder = join(root, EXECUTIONS);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const events: ExecutionEvent[] = [...readJournal(root, id)];
  const file = openSync(join(folder, `${id}.jsonl`), 'a', 0o600);
  // A process that was killed may have left half a line.
  writeFileSync(file, events.length > 0 ? '\n' : '');
  return {
    id,
    events,
    tell(event) {
      writeFileSync(file, `${JSON.stringify({ when: new Date().toISOString(), ...event })}\n`);
      fsyncSync(file);
      events.push(event);
    },
    close: () => closeSync(file),
  };
}

/** Lines that are not whole tell nothing. */
function readJournal(root: string, id: string): readonly ExecutionEvent[] {
  const path = join(root, EXECUTIONS, `${id}.jsonl`);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as ExecutionEvent];
      } catch {
        return [];
      }
    });
}

/** The newest execution of this commit in this environment that has not come to its end; null where there is none. */
export function unfinishedExecution(root: string, commit: string, environment: string): string | null {
  const folder = join(root, EXECUTIONS);
  if (!existsSync(folder)) return null;
  const ids = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort()
    .reverse();
  const found = ids.find((id) => {
    const [first] = readJournal(root, id);
    return first?.event === 'begun' && first.commit === commit && first.environment === environment;
  });
  return found === undefined || readJournal(root, found).some(({ event }) => event === 'finished') ? null : found;
}
