import { connect } from 'node:net';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectControl } from '../fixtures/rehearsal-client/control-client.ts';
import { startControlServer, type ControlServer } from './control-server.ts';
import { createLevers, type Levers } from './levers.ts';
import { writeState } from '../fixtures/rehearsal-client/state-file.ts';

describe('the control line', () => {
  let dir: string;
  let path: string;
  let levers: Levers;
  let server: ControlServer;
  let log: string[];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'golive-control-'));
    path = join(dir, 'control.sock');
    log = [];
    levers = createLevers();
    for (const name of ['first.break', 'second.break']) {
      levers.add(name, (args) => {
        log.push(`${name} ${JSON.stringify(args)}`);
        return Promise.resolve(() => {
          log.push(`${name} released`);
          return Promise.resolve();
        });
      });
    }
    levers.add('never.break', () => Promise.reject(new Error('it holds')));
    server = await startControlServer(path, levers);
    writeState(dir, {
      schema: 'golive/rehearsal/v1',
      pid: process.pid,
      pidStartedAt: '',
      status: 'ready',
      kept: false,
      components: [],
      values: {},
      control: path,
      heartbeatAt: new Date().toISOString(),
    });
  });
  afterEach(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const fault = (...acts: { lever: string; with?: Record<string, unknown> }[]) => ({
    name: 'sample',
    inject: acts as never,
  });

  it('does the acts in order and undoes them in reverse', async () => {
    const control = await connectControl(dir);
    await control.inject(fault({ lever: 'first.break', with: { hard: true } }, { lever: 'second.break' }));
    await control.release();
    control.close();
    expect(log).toEqual([
      'first.break {"hard":true}',
      'second.break {}',
      'second.break released',
      'first.break released',
    ]);
  });

  it('undoes what was done before an act that fails', async () => {
    const control = await connectControl(dir);
    await expect(control.inject(fault({ lever: 'first.break' }, { lever: 'never.break' }))).rejects.toThrow(
      'fault sample could not be injected: it holds',
    );
    control.close();
    expect(log).toEqual(['first.break {}', 'first.break released']);
  });

  it('undoes everything when the other end is gone', async () => {
    const control = await connectControl(dir);
    await control.inject(fault({ lever: 'first.break' }));
    control.close();
    await expect.poll(() => log).toEqual(['first.break {}', 'first.break released']);
  });

  it('undoes everything when the rehearsal stops', async () => {
    const control = await connectControl(dir);
    await control.inject(fault({ lever: 'first.break' }));
    await server.close();
    expect(log).toEqual(['first.break {}', 'first.break released']);
  });

  it('names the levers that exist when one does not', async () => {
    const control = await connectControl(dir);
    await expect(control.inject(fault({ lever: 'third.break' }))).rejects.toThrow(
      'there is no lever third.break; there are: first.break, never.break, second.break',
    );
    expect(await control.levers()).toEqual(['first.break', 'never.break', 'second.break']);
    control.close();
  });

  it('is open to its owner only, answers nonsense, and closes on a line without end', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const socket = connect(path);
    const answers: string[] = [];
    socket.setEncoding('utf8').on('data', (text: string) => answers.push(text));
    socket.on('error', () => undefined);
    socket.write('nonsense\n');
    await expect.poll(() => answers.join('')).toMatch(/"ok":false/);
    socket.write('x'.repeat(2 * 1024 * 1024));
    await expect.poll(() => socket.destroyed).toBe(true);
  });

  it('says how to start a rehearsal where there is none', async () => {
    await expect(connectControl(join(dir, 'elsewhere'))).rejects.toThrow('no rehearsal that can be broken runs in');
  });
});
