import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { growth } from '../../../tests/harness/growth.ts';
import type { Evidence } from '../../../checks/contract/outcome.ts';
import { CONTENT_SECURITY_POLICY, renderHtml } from './render.ts';
import { HOSTILE, SAMPLE_ITEMS, sampleDecision, sampleItem, samplePlan } from './sample.ts';
import { SCRIPT } from './script.ts';

const page = (): string => renderHtml(sampleDecision(), samplePlan());
const failing = (evidence: readonly Evidence[]): string => {
  const items = [sampleItem({ id: 'P1-X-001', title: 'X', outcome: 'fail', evidence })];
  return renderHtml(sampleDecision({ items }), samplePlan(items));
};
/** Everything but the style sheet and the script, which have tests of their own, without the template's indentation. */
function normalise(text: string): string {
  return text
    .replace(/<style>.*?<\/style>/s, '<style></style>')
    .replace(/<script>.*?<\/script>/s, '<script></script>')
    .replace(/'sha256-[^']+'/, "'sha256-…'")
    .replace(/\n\s+/g, '\n')
    .replace(/\n{2,}/g, '\n');
}

describe('the page', () => {
  it('is the golden one for the sample (GOLIVE_UPDATE_GOLDEN=1 rewrites it)', () => {
    const file = join(import.meta.dirname, 'golden', 'sample.html.golden');
    const actual = normalise(page());
    if (process.env['GOLIVE_UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
    expect(actual).toBe(readFileSync(file, 'utf8'));
  });

  it('is the same for the same input', () => {
    expect(page()).toBe(page());
  });

  it('shows every item, its place and its owner', () => {
    const text = page();
    for (const item of SAMPLE_ITEMS) {
      expect(text).toContain(`id="item-${item.id}"`);
      expect(text).toContain(item.place);
    }
  });

  it('has one h1 and never skips a level of heading', () => {
    const levels = [...page().matchAll(/<h([1-6])[ >]/g)].map((match) => Number(match[1]));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1));
  });

  it('opens the evidence of what failed and leaves that of a pass closed', () => {
    const text = page();
    const article = (id: string): string => new RegExp(`id="item-${id}"[\\s\\S]*?</article>`).exec(text)?.[0] ?? '';
    expect(article('P1-CLU-002')).toMatch(/<details class="proof" open/);
    expect(article('P1-CLU-001')).toMatch(/<details class="proof"\s*>/);
  });

  it('says so when the plan is not at hand, and still shows all items', () => {
    const text = renderHtml(sampleDecision(), null);
    expect(text).toContain('plan was not found');
    expect(text.match(/<article/g)).toHaveLength(SAMPLE_ITEMS.length);
  });

  it('links only to places it has', () => {
    const text = page();
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    const targets = [...text.matchAll(/href="#([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => !ids.has(target))).toEqual([]);
  });
});

describe('the content security policy', () => {
  it('admits nothing from a network and exactly the one script', () => {
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
    expect(page()).toContain(`content="${CONTENT_SECURITY_POLICY}"`);
    const scripts = [...page().matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '');
    expect(scripts).toEqual([SCRIPT]);
    const hash = createHash('sha256').update(SCRIPT).digest('base64');
    expect(CONTENT_SECURITY_POLICY).toContain(`script-src 'sha256-${hash}'`);
  });

  it('is not undermined: no handler in an attribute, no address, no import in the style sheet', () => {
    const text = page();
    const tags = text.match(/<[a-z][^<>]*>/g) ?? [];
    expect(tags.filter((tag) => /\son[a-z]+\s*=/i.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
    expect(tags.filter((tag) => /\b(?:href|src)="(?!#|evidence\/)/.test(tag))).toEqual([]);
    expect(/<style>(.*?)<\/style>/s.exec(text)?.[1]).not.toMatch(/url\(|@import|</);
  });
});

describe('texts from outside', () => {
  it('never become markup, wherever they stand', () => {
    const evil = sampleItem({
      id: HOSTILE,
      title: HOSTILE,
      outcome: 'fail',
      message: HOSTILE,
      owner: HOSTILE,
      place: HOSTILE,
      kind: HOSTILE,
      phase: 'phase1',
      waived: { id: HOSTILE, approver: HOSTILE, reason: HOSTILE, ticket: HOSTILE, expires: HOSTILE },
      evidence: [
        { type: 'text', title: HOSTILE, text: HOSTILE },
        { type: 'table', title: HOSTILE, columns: [HOSTILE], rows: [[HOSTILE]] },
        { type: 'query', title: HOSTILE, language: 'exec', query: HOSTILE, answer: HOSTILE, readAt: HOSTILE },
        { type: 'diff', title: HOSTILE, expected: HOSTILE, actual: `${HOSTILE}\n${HOSTILE}` },
        {
          type: 'series',
          title: HOSTILE,
          unit: 'ms',
          points: [
            [0, 1],
            [1, 2],
          ],
        },
        { type: 'file', title: HOSTILE, path: HOSTILE, mediaType: HOSTILE, sha256: HOSTILE, bytes: 1 },
      ],
    });
    const text = renderHtml(
      sampleDecision({
        items: [evil],
        warnings: [HOSTILE],
        runId: HOSTILE,
        environment: { name: HOSTILE, uid: HOSTILE },
        release: { name: HOSTILE, version: HOSTILE, commit: HOSTILE },
        reasons: [{ code: HOSTILE, text: HOSTILE, items: [HOSTILE] }],
        overrides: [{ item: HOSTILE, param: HOSTILE, value: { [HOSTILE]: HOSTILE }, why: HOSTILE }],
      }),
      samplePlan([evil]),
    );
    expect(text).not.toContain('<img');
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.match(/<\/script>/g)).toHaveLength(1);
    expect(text).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &quot;&#39;&amp;&lt;&gt;');
    // No attribute was left open: outside quotes no tag holds the hostile text.
    const tags = text.match(/<[a-z][^<>]*>/g) ?? [];
    expect(tags.filter((tag) => tag.replace(/"[^"]*"/g, '""').includes('onerror'))).toEqual([]);
  });

  it('show what would hide or reverse them', () => {
    const text = page();
    expect(text).toContain('⟨U+202E⟩evil⟨U+202C⟩ ⟨U+0007⟩bell ⟨U+001B⟩[31mred');
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  });

  it('are cut when long, and the page says so', () => {
    const answer = 'a'.repeat(5 << 20);
    const text = failing([{ type: 'query', title: 'Q', language: 'http', query: 'GET /', answer }]);
    expect(text.length).toBeLessThan(100_000);
    expect(text).toMatch(/Shown are the first 16 KiB of 5 MiB; decision\.json holds the whole\s+text\./);
    const rows = Array.from({ length: 5_000 }, (_, row) => [row]);
    expect(failing([{ type: 'table', title: 'T', columns: ['n'], rows }])).toContain('Shown are 200 of 5000 rows');
  });

  it('of a type this golive does not know are shown as they came', () => {
    const unknown = { type: 'hologram', title: 'New', depth: '<3' } as unknown as Evidence;
    expect(failing([unknown])).toContain('&quot;hologram&quot;');
  });

  it('never lead a link out of the evidence folder', () => {
    for (const path of ['../secret', '/etc/passwd', 'a/../../b', 'C:\\x', 'a\\..\\b', 'javascript:alert(1)', 'a//b']) {
      const text = failing([{ type: 'file', title: 'F', path, mediaType: 'text/plain', sha256: 'x', bytes: 1 }]);
      expect(text).toContain('its path leaves the evidence folder');
      expect(text).not.toContain('href="evidence');
    }
  });
});

describe('evidence', () => {
  it('says in words whether a value meets its bound, without rounding across it', () => {
    const value = (seen: number): string =>
      failing([{ type: 'value', title: 'P95', value: seen, unit: 'ms', bound: { comparison: '<', value: 2000 } }]);
    expect(value(1999.9)).toMatch(/1\u202f999\.9 ms<\/strong>[\s\S]*meets/);
    expect(value(2000.1)).toMatch(/2\u202f000\.1 ms<\/strong>[\s\S]*misses/);
  });

  it('survives numbers that are none', () => {
    const text = failing([
      { type: 'series', title: 'S', unit: 'ms', points: [[0, Number.NaN]] },
      { type: 'series', title: 'S', unit: 'ms', points: [[5, 3]] },
      { type: 'histogram', title: 'H', unit: 'ms', count: 0, percentiles: [] },
      { type: 'value', title: 'V', value: 0, unit: 'count', bound: { comparison: '==', value: 0 } },
    ]);
    expect(text).not.toMatch(/(?:width|x1|cy|points)="[^"]*(?:NaN|Infinity)/);
    expect(text).toContain('No points were measured.');
    expect(text).toContain('1 point: lowest');
  });
});

it('draws a thousand items, in a time that grows with them and not with their square', () => {
  const draw = (count: number): void => {
    const items = Array.from({ length: count }, (_, index) =>
      sampleItem({ ...(SAMPLE_ITEMS[1] ?? { title: '', outcome: 'fail' }), id: `P1-CLU-${index}` }),
    );
    expect(renderHtml(sampleDecision({ items }), samplePlan(items)).match(/<article/g)).toHaveLength(count);
  };
  expect(growth(draw, 125, 8)).toBeLessThan(24);
});
