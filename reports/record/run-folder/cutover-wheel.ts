/**
 * What people at the wheel of a cutover ask for stands in `<run>/cutover-wheel/`, a file a request: whoever asks may die, and so may the
 * process of the cutover; the request stands until it was heard, and the journal tells when that was.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WheelRequest } from '../../../checks/contract/cutover.ts';
import { isRecord } from '../../../checks/contract/json.ts';

const wheelFolder = (runDir: string): string => join(runDir, 'cutover-wheel');

/** Puts a request there, whole or not at all. */
export function askAtWheel(runDir: string, request: Omit<WheelRequest, 'id'>): WheelRequest {
  const folder = wheelFolder(runDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Names are in the order of the requests.
  const last = Number.parseInt(namesIn(folder).at(-1) ?? '0', 10);
  const id = `${String(last + 1).padStart(6, '0')}-${randomUUID().slice(0, 8)}`;
  const whole: WheelRequest = { id, ...request };
  const file = join(folder, `${id}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(whole), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return whole;
}

/** Every request so far, in their order. One that cannot be read is taken for a hold: somebody wanted something. */
export function wheelRequests(runDir: string): readonly WheelRequest[] {
  const folder = wheelFolder(runDir);
  if (!existsSync(folder)) return [];
  return namesIn(folder).map((name) => readRequest(join(folder, name), name.replace(/\.json$/, '')));
}

const namesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /^\d{6}-.*\.json$/.test(name))
    .sort();

function readRequest(file: string, id: string): WheelRequest {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRequest(value)) return { ...value, id };
  } catch {
    // As one that says nothing.
  }
  return { id, say: 'hold', by: 'somebody', reason: `the request ${id} cannot be read` };
}

function isRequest(value: unknown): value is WheelRequest {
  return (
    isRecord(value) &&
    ['hold', 'resume', 'abort'].includes(String(value['say'])) &&
    typeof value['by'] === 'string' &&
    typeof value['reason'] === 'string'
  );
}
