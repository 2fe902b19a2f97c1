import { describe, expect, it } from 'vitest';
import { parseGateArguments } from './arguments.ts';

const parse = (line: string) => parseGateArguments(line.split(' ').filter(Boolean));

describe('parseGateArguments', () => {
  it('reads a plain run as the whole', () => {
    expect(parse('test')).toEqual({
      command: 'test',
      list: false,
      narrowed: false,
      ui: false,
      reportersReplaced: false,
      workers: null,
      phases: null,
      unknownProjects: [],
      shard: null,
      refused: [],
    });
  });
  it.each([
    ['test --project=phase3', ['phase3']],
    ['test --project phase3', ['phase3']],
    ['test --project phase2 phase3 --workers=1', ['phase2', 'phase3']],
    ['test --project=phase2 --project=phase1', ['phase1', 'phase2']],
    ['test --project=phase*', ['phase1', 'phase2', 'phase3', 'phase4', 'phase5']],
    ['test --project=PHASE1', ['phase1']],
    ['test --project=nonsense', []],
    ['test --grep --project', null],
  ])('%s selects %j', (line, phases) => {
    expect(parse(line).phases).toEqual(phases);
  });
  it('names projects that are no phase', () => {
    expect(parse('test --project=phase3 --project=pahse4').unknownProjects).toEqual(['pahse4']);
    expect(parse('test --project=phase*').unknownProjects).toEqual([]);
  });
  it('tells replaced reporters from added ones', () => {
    expect(parse('test --reporter=dot').reportersReplaced).toBe(true);
    expect(parse('test --reporter dot').reportersReplaced).toBe(true);
    expect(parse('test --add-reporter=dot').reportersReplaced).toBe(false);
  });
  it('reads workers, shard, list and ui', () => {
    expect(parse('test -j4').workers).toBe(4);
    expect(parse('test --workers 3').workers).toBe(3);
    expect(parse('test --shard=1/2').shard).toBe('1/2');
    expect(parse('test --list').list).toBe(true);
    expect(parse('test --ui-port=0').ui).toBe(true);
  });
  it.each(['--grep x', '-g x', '-gx', '--last-failed', '--shard=1/2', '--ui', 'specs/a.spec.ts', '--grep-invert=x'])(
    'knows that %s may leave tests out',
    (option) => expect(parse(`test ${option}`).narrowed).toBe(true),
  );
  it('takes phases, workers and reporters for no narrowing', () => {
    expect(parse('test --project phase1 phase2 --workers 1 --reporter=dot').narrowed).toBe(false);
    expect(parse('test-server').narrowed).toBe(true);
  });
  it('refuses what would break order', () => {
    expect(parse('test --shuffle').refused).toHaveLength(1);
    expect(parse('test --repeat-each=2').refused).toHaveLength(1);
  });
  it('refuses values that are none, with an example', () => {
    expect(parse('test --workers=abc').refused).toEqual([
      '--workers: "abc" is no value for it; write for example --workers 2 or 50%',
    ]);
    for (const line of ['-j0', '--workers=-1', '--shard=2', '--timeout=5m', '--retries=x', '--workers'])
      expect(parse(`test ${line}`).refused).toHaveLength(1);
    for (const line of ['-j4', '--workers=50%', '--shard=1/2', '--timeout=0', '--retries=0', '--max-failures 1'])
      expect(parse(`test ${line}`).refused).toEqual([]);
  });
  it('does not take an option value for the command', () => {
    expect(parse('-c other.config.ts test').command).toBe('test');
  });
});
