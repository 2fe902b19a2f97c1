/** The report in a browser, as who signs reads it: roles, filters, keyboard, paper, long lists, hostile names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { renderHtml, type RenderOptions } from '../../reports/tell/html/render.ts';
import { HOSTILE, SAMPLE_ITEMS, sampleDecision, sampleItem, samplePlan } from '../../reports/tell/html/sample.ts';
import type { Past } from '../../reports/tell/html/past.ts';

/** None where it could not be started. */
let started: Browser | undefined;
let browser: Browser;
let context: BrowserContext;
let folder: string;
beforeAll(async () => {
  const executablePath = findTool('chromium');
  if (executablePath === undefined) throw new Error('chromium is missing: apt-get install chromium');
  folder = mkdtempSync(join(tmpdir(), 'golive-report-'));
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  started = browser;
  context = await browser.newContext();
});
afterAll(async () => {
  await started?.close();
  rmSync(folder, { recursive: true, force: true });
});

const past: Past = {
  before: {
    runId: '20261122T104100Z-0001',
    startedAt: '2026-11-22T10:41:00Z',
    decidedAt: '2026-11-22T10:43:00Z',
    decision: 'HOLD',
    readiness: 'HOLD',
    release: { name: 'code-platform', version: '2.3.0', commit: 'unknown' },
    environment: 'rehearsal',
    checklist: 'specs/code-platform/checklist.yaml',
    rehearsal: true,
    phases: ['phase1'],
    trust: { by: 'its rehearsal' },
  },
  changes: [
    {
      item: 'P1-CLU-002',
      change: 'regressed',
      was: 'pass',
      now: 'fail',
      appeared: [{ id: 'old', subject: 'Cluster', says: 'Cluster: server is 1.27.3, expected at least 1.28' }],
      vanished: [],
      unseen: [],
    },
  ],
  flapped: [{ item: 'P1-DAT-001', turns: 2, outcomes: ['pass', 'fail', 'pass'] }],
  decisions: [
    { runId: '20261122T104100Z-0001', at: '2026-11-22T10:41:00Z', decision: 'HOLD' },
    { runId: '20261123T104100Z-4f2a', at: '2026-11-23T10:43:37Z', decision: 'NO-GO' },
  ],
  trends: [
    {
      type: 'series',
      title: 'P95',
      unit: 'ms',
      points: [
        [0, 900],
        [86_400_000, 2412],
      ],
      bound: { comparison: '<', value: 2000 },
    },
  ],
};
const known: RenderOptions = {
  past,
  proofs: new Map([['P1-CLU-001', { at: '2026-11-20T08:00:00Z', fault: 'api-server-down' }]]),
  by: { actor: 'ada', ci: 'https://ci.example/jobs/7', commit: 'a'.repeat(40) },
};

async function opened(name: string, text: string, use: BrowserContext = context): Promise<Page> {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, text);
  const page = await use.newPage();
  await page.goto(pathToFileURL(file).href);
  return page;
}
const sample = (): Promise<Page> => opened('sample', renderHtml(sampleDecision(), samplePlan(), known));

describe('the report in a browser', () => {
  it('has nothing that axe finds, in light and dark, on a phone, with all evidence open', async () => {
    const page = await sample();
    await page.getByRole('button', { name: 'Open all evidence' }).click();
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 1280],
      ['light', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id} ${nodes.length}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
      const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(wide).toBe(0);
    }
    await page.close();
  });

  it('names what blocks first: who, and what to do', async () => {
    const page = await sample();
    const blockers = page.locator('.decided .blockers li');
    expect(await blockers.first().innerText()).toMatch(/Fail\s+CRITICAL\s+P1-CLU-002.*owner platform-team/is);
    expect(await page.locator('#changes').isVisible()).toBe(true);
    expect(await page.locator('section:has(> #changes)').innerText()).toContain('P1-CLU-002');
    expect(await page.locator('#item-P1-CLU-001').textContent()).toContain(
      'proven by drill on 2026-11-20 08:00:00 UTC: api-server-down',
    );
    expect(await page.getByRole('link', { name: 'https://ci.example/jobs/7' }).getAttribute('rel')).toBe('noreferrer');
    await page.close();
  });

  it('has a page for each role, and its items by a button', async () => {
    const page = await sample();
    await page.getByRole('link', { name: 'database-team' }).click();
    expect(new URL(page.url()).hash).toBe('#role=database-team');
    const shown = (id: string): Promise<boolean> => page.locator(id).isVisible();
    expect([
      await shown('[id="role=database-team"]'),
      await shown('[id="role=platform-team"]'),
      await shown('#items'),
      await shown('#decision'),
    ]).toEqual([true, false, false, true]);
    await page.locator('[id="role=database-team"]').locator('xpath=..').getByRole('button').click();
    expect(await shown('#items')).toBe(true);
    expect(await page.locator('.item:visible').count()).toBe(
      SAMPLE_ITEMS.filter(({ owner }) => owner === 'database-team').length,
    );
    await page.goto(`${page.url().split('#')[0] ?? ''}#role=platform-team`);
    await page.reload();
    expect(await shown('[id="role=platform-team"]')).toBe(true);
    await page.close();
  });

  it('is used by the keyboard alone', async () => {
    const page = await sample();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the items');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('items');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.name')).toBe('text');
    await page.keyboard.type('PostgreSQL');
    await page.locator('#count', { hasText: '1 of' }).waitFor();
    // Every stop can be seen: it lies in the page and has an outline.
    for (let stop = 0; stop < 40; stop += 1) {
      await page.keyboard.press('Tab');
      const hidden = await page.evaluate(`(() => {
        const at = document.activeElement;
        if (at === document.body) return null;
        const { width, height } = at.getBoundingClientRect();
        return width > 0 && height > 0 && getComputedStyle(at).outlineStyle !== 'none' ? null : at.outerHTML;
      })()`);
      expect(hidden).toBeNull();
    }
    await page.close();
  });

  it('filters by outcome, and shows an item that a link leads to all the same', async () => {
    const page = await sample();
    await page.getByLabel('Outcome').selectOption('pass');
    await page.locator('#count', { hasText: '3 of' }).waitFor();
    await page.evaluate("location.hash = '#item-P1-CLU-002'");
    await page.locator('#item-P1-CLU-002').waitFor({ state: 'visible' });
    expect(await page.evaluate('document.activeElement.id')).toBe('item-P1-CLU-002');
    await page.close();
  });

  it('prints the decision on two pages, and everything else after them', async () => {
    const page = await opened('long', renderHtml(sampleDecision({ items: many(120, 'fail') }), null, known));
    // A4 without its margins, at 96 dots an inch.
    await page.setViewportSize({ width: 688, height: 1009 });
    await page.emulateMedia({ media: 'print' });
    const height = await page.evaluate("document.querySelector('.decided').getBoundingClientRect().bottom");
    expect(height).toBeLessThan(2 * 1009);
    expect(await page.evaluate("getComputedStyle(document.querySelector('.decided + section')).breakBefore")).toBe(
      'page',
    );
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });

  it('is read without its script', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await opened('plain', renderHtml(sampleDecision(), samplePlan(), known), plain);
    expect(await page.locator('.item:visible').count()).toBe(SAMPLE_ITEMS.length);
    expect(await page.locator('.role:visible').count()).toBeGreaterThan(2);
    expect(await page.locator('.role-items:visible').count()).toBe(0);
    await plain.close();
  });
});

function many(count: number, outcome: 'pass' | 'fail') {
  const evidence = SAMPLE_ITEMS.find(({ id }) => id === 'P1-CLU-002')?.evidence ?? [];
  return Array.from({ length: count }, (_, index) =>
    sampleItem(
      {
        id: `P1-GEN-${String(index).padStart(4, '0')}`,
        title: `Item ${index} of many`,
        outcome: index % 10 === 0 ? 'fail' : outcome,
        message: 'Deployment shop/api: has no limit, expected one',
        evidence,
      },
      index,
    ),
  );
}

describe('5,000 items', () => {
  it('can be used at once: a filter answers in a fraction of what loading takes', async () => {
    const page = await opened('many', renderHtml(sampleDecision({ items: many(5000, 'pass') }), null, known));
    const loaded = Number(await page.evaluate("performance.getEntriesByType('navigation')[0].domComplete"));
    const took = Number(
      await page.evaluate(`new Promise((done) => {
        const begun = performance.now();
        const form = document.getElementById('filter');
        form.elements.outcome.value = 'fail';
        form.dispatchEvent(new Event('submit', { cancelable: true }));
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
      })`),
    );
    expect(await page.locator('#count').innerText()).toBe('500 of 5000 items (filtered)');
    // Closed evidence is no part of the page until it is opened.
    const elements = Number(await page.evaluate("document.getElementsByTagName('*').length"));
    expect(elements / 5000).toBeLessThan(60);
    expect(took).toBeLessThan(loaded);
    await page.close();
  });
});

describe('hostile names', () => {
  const CORPUS = [
    HOSTILE,
    '<script>window.pwned=1</script>',
    '"><img src=x onerror="window.pwned=1">',
    "'onmouseover='window.pwned=1",
    '<svg/onload=window.pwned=1>',
    '</title><script>window.pwned=1</script>',
    '</style><script>window.pwned=1</script>',
    '<iframe srcdoc="<script>parent.pwned=1</script>">',
    'javascript:window.pwned=1',
    '<a href="javascript:window.pwned=1">x</a>',
    '{{constructor.constructor("window.pwned=1")()}}',
    '<!--><img src=x onerror=window.pwned=1>',
    '<math><mtext></mtext><mglyph><svg><mtext><style><img src=x onerror=window.pwned=1>',
    '</template><img src=x onerror=window.pwned=1>',
    '</noscript><img src=x onerror=window.pwned=1>',
    '<base href="https://evil.example/"><form action=https://evil.example><button>',
    '\u2028window.pwned=1//',
    '#role=x" onclick="window.pwned=1',
  ];

  it('are inert wherever they stand, also when evidence is opened', async () => {
    const items = CORPUS.map((evil, index) =>
      sampleItem({
        id: `${evil} ${index}`,
        title: evil,
        outcome: index % 2 === 0 ? 'fail' : 'pass',
        message: evil,
        owner: evil,
        findings: [{ id: evil, subject: { name: evil, kind: evil }, data: {}, says: evil, fix: evil }],
        evidence: [
          { type: 'text', title: evil, text: evil },
          { type: 'table', title: evil, columns: [evil], rows: [[evil]] },
          { type: 'query', title: evil, language: 'sql', query: evil, answer: evil },
          { type: 'diff', title: evil, expected: evil, actual: `${evil}!` },
        ],
        waived: index % 3 === 0 ? { id: evil, approver: evil, reason: evil, ticket: evil, expires: evil } : null,
      }),
    );
    const [evil = ''] = CORPUS;
    const decision = sampleDecision({
      items,
      warnings: CORPUS,
      release: { name: evil, version: evil, commit: evil },
      environment: { name: evil, uid: evil },
      reasons: CORPUS.map((text) => ({ code: text, text, items: [text] })),
    });
    const change = { item: evil, change: 'new', was: null, now: 'fail', vanished: [], unseen: [] } as const;
    const options: RenderOptions = {
      past: { ...past, changes: CORPUS.map((says) => ({ ...change, appeared: [{ id: says, subject: says, says }] })) },
      proofs: new Map(items.map(({ id }) => [id, { at: evil, fault: evil }])),
      by: { actor: evil, ci: 'javascript:window.pwned=1', commit: evil },
    };
    const own = await browser.newContext();
    const asked: string[] = [];
    await own.route('**/*', (route) => (asked.push(route.request().url()), route.continue()));
    const said: string[] = [];
    const file = renderHtml(decision, samplePlan(items), options);
    const page = await opened('hostile', file, own);
    page.on('dialog', (dialog) => (said.push(dialog.message()), void dialog.dismiss()));
    page.on('console', (message) => said.push(message.text()));
    await page.getByRole('button', { name: 'Open all evidence' }).click();
    await page.evaluate("for (const { hash } of document.querySelectorAll('.rolelinks a')) location.hash = hash");
    await page.evaluate("location.hash = '#items'");
    await page.locator('.item').first().hover();
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('img, iframe, base, math, a[href^="javascript"]').count()).toBe(0);
    expect(said).toEqual([]);
    expect(asked.filter((url) => !url.startsWith('file://'))).toEqual([]);
    await own.close();
  });
});
