import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CutoverEvent } from '../../../../checks/contract/cutover.ts';
import { renderHtml } from '../render.ts';
import { HOSTILE, sampleDecision, sampleItem, samplePlan } from '../sample.ts';
import { html } from '../template.ts';
import { at, finishedEvents, rolledBackEvents, sampleAt, sampleBegun, sampleLogs } from './sample.ts';
import { cutoverAlarm, cutoverSection, type CutoverLogs } from './section.ts';

const section = (logs: CutoverLogs): string => cutoverSection(logs, (id) => html`${id}`).toString();
const whole = (logs: CutoverLogs): string =>
  `${cutoverAlarm(logs)?.toString() ?? ''}\n${section(logs)}\n`.replace(/\n\s+/g, '\n').replace(/\n{2,}/g, '\n');
const page = (logs: CutoverLogs): string => renderHtml(sampleDecision(), samplePlan(), { cutover: logs });
/** Texts of a page without its markup, on one line. */
const textOf = (markup: string): string => markup.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const rowsOf = (markup: string, label: string): readonly string[] => {
  const table = new RegExp(`aria-label="${label}"[\\s\\S]*?<tbody>([\\s\\S]*?)</tbody>`).exec(markup)?.[1] ?? '';
  return table
    .split('</tr>')
    .map(textOf)
    .map((row) => row.trim())
    .filter((row) => row !== '');
};

describe('the section', () => {
  it.each([
    ['finished', finishedEvents()],
    ['rolled-back', rolledBackEvents()],
  ])('is the golden one of a cutover that %s (GOLIVE_UPDATE_GOLDEN=1 rewrites it)', (name, events) => {
    const file = join(import.meta.dirname, '..', 'golden', `cutover-${name}.html.golden`);
    const actual = whole(sampleLogs(events));
    if (process.env['GOLIVE_UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
    expect(actual).toBe(readFileSync(file, 'utf8'));
  });

  it('is not there where no cutover was asked for', () => {
    const text = page({ log: { events: [], problems: [] }, rehearsal: sampleLogs([]).rehearsal });
    expect(text).toBe(renderHtml(sampleDecision(), samplePlan()));
    expect(text).not.toContain('id="cutover"');
  });

  it('is one line where it was refused', () => {
    const text = page(sampleLogs([at(90, { event: 'refused', why: 'P4-TRI-002 did not pass' })]));
    expect(textOf(text)).toContain('did not begin; no traffic was moved. P4-TRI-002 did not pass');
    expect(text).not.toContain('class="timeline"');
    expect(text).not.toContain('alarm"');
  });

  it('shows each step: its split, how high it got, and which were not reached', () => {
    const rows = rowsOf(section(sampleLogs(rolledBackEvents())), 'Steps of the cutover');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(
      /^P4-MIG-001 5 % 5\.0 min 5\.5 min done proven: 67 of 1 340 answers, 5 % \(3 % to 7 %\) 0\.3\d* % 710 ms$/,
    );
    expect(rows[1]).toMatch(/^P4-MIG-002 25 % .*by the rollback proven: 205 of 820 answers.* 13\.01 % 2 100 ms$/);
    expect(rows[2]).toMatch(/^P4-MIG-003 50 % 10\.0 min – not reached/);
  });

  it('tells each event in words, when it was, and marks it as the timeline does', () => {
    const markup = section(sampleLogs(rolledBackEvents()));
    const rows = rowsOf(markup, 'Events of the cutover').join('\n');
    expect(rows).toContain('9:32.000 10:51:32.000 P4-TRI-001 is pending: error rate 8.3 %, threshold 5 %');
    expect(rows).toContain('11:32.000 10:53:32.000 P4-TRI-001 FIRED: error rate 12.1 %, threshold 5 %');
    expect(rows).toContain('60 ms after the rollback began and 2.0 min after the breach');
    expect(rows).toContain('Looked again at users: pass');
    const marks = (of: string): number => of.match(/class="mark /g)?.length ?? 0;
    const [timeline = '', tables = ''] = markup.split('</figure>');
    expect(marks(timeline)).toBe(12);
    expect(marks(tables)).toBe(12);
  });

  it('says what the windows were divided by, and when the rollback was rehearsed', () => {
    const [, ...rest] = finishedEvents();
    const compressed = textOf(section(sampleLogs([sampleBegun({ compression: 120 }), ...rest])));
    expect(compressed).toContain('the declared windows divided by 120');
    expect(compressed).toContain('2026-11-23 10:42:01 UTC, before any traffic moved: gone whole in 400 ms, verified');
    const without = sampleLogs(finishedEvents(), { rehearsal: { events: [], problems: [] } });
    expect(textOf(section(without))).toContain('Not in this run');
  });

  it('links the items that the page has', () => {
    const items = [sampleItem({ id: 'P4-MIG-001', title: '5 %', outcome: 'pass' })];
    const text = renderHtml(sampleDecision({ items }), samplePlan(items), { cutover: sampleLogs(finishedEvents()) });
    expect(text).toContain('<a href="#item-P4-MIG-001">P4-MIG-001</a>');
    expect(text).not.toContain('href="#item-P4-MIG-002"');
    expect(text).toContain('<a href="#cutover">Cutover</a>');
  });

  it('names the earlier run that it stands from', () => {
    const logs = sampleLogs(rolledBackEvents(), { fromRun: 'run-0' });
    expect(textOf(page(logs)).match(/earlier run run-0/g)).toHaveLength(2);
  });
});

describe('the notice', () => {
  it('stands beside the decision, before everything else', () => {
    const text = page(sampleLogs(rolledBackEvents()));
    const notice = text.indexOf('id="taken-back"');
    expect(notice).toBeGreaterThan(text.indexOf('id="decision"'));
    expect(notice).toBeLessThan(text.indexOf('id="reasons"'));
    expect(textOf(text)).toContain('At 0 %: 2.0 min after the breach began');
  });

  it('tells what to do where the rollback is not finished', () => {
    const text = textOf(page(sampleLogs(rolledBackEvents().slice(0, -2))));
    expect(text).toContain('THE ROLLBACK IS NOT FINISHED');
    expect(text).toContain('What to do: Run golive rollback');
  });
});

describe('a timeline', () => {
  it('is a picture with a title and a description in words', () => {
    const text = section(sampleLogs(rolledBackEvents()));
    expect(text).toMatch(/<svg[^>]*role="img"[^>]*aria-labelledby="timeline-title timeline-desc"/);
    const description = /<desc[^>]*>([^<]*)</.exec(text)?.[1] ?? '';
    expect(description).toContain('the new release got 5 % from 0:02.060, 25 % from 5:32.060, 0 % from 11:32.061');
    expect(description).toContain('highest 13.01');
  });

  it('survives what cannot be drawn', () => {
    const odd: readonly (readonly CutoverEvent[])[] = [
      [sampleBegun()],
      [at(0, { event: 'step-begun', item: 'X', weight: 5 })],
      [at(0, { event: 'finished', weight: 100 })],
      [sampleBegun(), sampleAt(1, 5, null, null), sampleAt(2, 5, null, null)],
      [sampleBegun(), sampleAt(1, 5, 0, 1e308), sampleAt(1, 5, 1e-300, 0)],
      [sampleBegun(), sampleAt(1, 5, 0.1, 9, ['redis', 'api'])],
    ];
    for (const events of odd) {
      const text = section(sampleLogs(events));
      expect(text).toContain('class="timeline"');
      expect(text).not.toMatch(/="[^"]*(?:NaN|Infinity|undefined)/);
    }
    expect(textOf(section(sampleLogs(odd[5] ?? [])))).toContain('do not answer: highest 2 services');
    expect(textOf(section(sampleLogs(odd[3] ?? [])))).toContain('Error rate: no values');
  });

  it('shows what a second source said beside the probes', () => {
    const samples = finishedEvents().map((event) =>
      event.event === 'sample' ? { ...event, prometheus: { 'P4-TRI-002': 640 } } : event,
    );
    expect(section(sampleLogs(samples))).toContain('class="second"');
    expect(section(sampleLogs(finishedEvents()))).not.toContain('class="second"');
  });

  it('keeps the page small and its peak in it, however much was measured', () => {
    const samples = Array.from({ length: 30_000 }, (_, index) =>
      sampleAt(200 + index * 100, 5, index === 17_171 ? 0.9 : 0.001, 12),
    );
    const text = section(sampleLogs([sampleBegun(), ...samples, at(3_100_000, { event: 'finished', weight: 5 })]));
    expect(text.length).toBeLessThan(200_000);
    expect(textOf(text)).toContain('Error rate: highest 90 %');
    const rows = rowsOf(text, 'What was measured');
    expect(rows).toHaveLength(100);
    expect(rows.filter((row) => row.includes('0.1 % to 90 %'))).toHaveLength(1);
  });

  it('leaves a trigger that wavers without end to the table, and cuts that', () => {
    const wavers = Array.from({ length: 1000 }, (_, index) =>
      at(1000 + index, {
        event: 'trigger',
        item: 'P4-TRI-001',
        state: index % 2 === 0 ? 'pending' : 'inactive',
        value: 0.05,
        threshold: 0.05,
      }),
    );
    const text = section(sampleLogs([sampleBegun(), ...wavers, at(9000, { event: 'finished', weight: 5 })]));
    expect(rowsOf(text, 'Events of the cutover')).toHaveLength(400);
    expect(textOf(text)).toContain('Shown are the first and the last 200 of 1002 events');
    expect((text.split('</figure>')[0] ?? '').match(/class="mark /g)).toHaveLength(1);
  });
});

describe('a log', () => {
  it('that is broken is told of, and shown as far as it goes', () => {
    const problems = ['cutover.jsonl:3 is no event that this golive knows.'];
    const text = page(sampleLogs([], { log: { events: finishedEvents(), problems } }));
    expect(textOf(text)).toContain(`The log of the cutover is not whole. ${problems[0] ?? ''}`);
    expect(text).toContain('class="timeline"');
    const nothing = page(sampleLogs([], { log: { events: [], problems } }));
    expect(textOf(nothing)).toContain('The log of the cutover is not whole.');
    expect(nothing).not.toContain('class="timeline"');
  });

  it('cannot put markup into the page', () => {
    const step = { item: HOSTILE, weight: 5 };
    const begun = sampleBegun({
      release: HOSTILE,
      environment: HOSTILE,
      route: {
        namespace: HOSTILE,
        name: HOSTILE,
        rule: 0,
        stable: HOSTILE,
        canary: HOSTILE,
        versionHeader: '',
        canaryVersion: '',
      },
      triggers: [
        { item: HOSTILE, metric: 'p95', threshold: 1, forMs: 1, windowMs: 1, minSamples: 1, onNoData: 'hold' },
      ],
      steps: [{ ...step, watchMs: 1 }],
    });
    const events: readonly CutoverEvent[] = [
      begun,
      at(10, { event: 'step-begun', ...step }),
      sampleAt(20, 5, 0.1, 1, [HOSTILE]),
      at(30, {
        event: 'trigger',
        item: HOSTILE,
        state: 'no-data',
        value: null,
        threshold: 1,
        prometheus: { value: null, probes: null, verdict: 'missing', why: HOSTILE },
      }),
      at(40, { event: 'rollback-begun', reason: { code: 'trigger', text: HOSTILE, breachedAt: HOSTILE } }),
      at(50, { event: 'rollback-act', act: HOSTILE }),
      at(60, { event: 'verified', item: HOSTILE, outcome: HOSTILE, message: HOSTILE }),
      at(70, { event: 'unfinished', why: HOSTILE }),
    ];
    const text = page(sampleLogs(events, { log: { events, problems: [HOSTILE] }, fromRun: HOSTILE }));
    expect(text).not.toContain('<img');
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    const tags = text.match(/<[a-z][^<>]*>/g) ?? [];
    expect(tags.filter((tag) => tag.replace(/"[^"]*"/g, '""').includes('onerror'))).toEqual([]);
    expect(textOf(text).match(/&lt;img src=x onerror=alert\(1\)&gt;/g)?.length).toBeGreaterThan(15);
  });

  it('adds no level that is skipped to the headings, and nothing from outside', () => {
    const text = page(sampleLogs(rolledBackEvents()));
    const levels = [...text.matchAll(/<h([1-6])[ >]/g)].map((match) => Number(match[1]));
    levels.forEach((level, index) => expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1));
    const tags = text.match(/<[a-z][^<>]*>/g) ?? [];
    expect(tags.filter((tag) => /\b(?:href|src)="(?!#|evidence\/)/.test(tag))).toEqual([]);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
