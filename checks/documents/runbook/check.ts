import { kind, type Say } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { rules, type AlertRule } from '../../protocols/prometheus.ts';
import { alertText, prometheusOf, prometheusParams, severityLabelParam } from '../../protocols/telemetry.ts';
import { agreementMessages, agreementParams, judgeListed, judgeTrue } from '../agreement.ts';
import { DocumentReader, hasAnchor, type ReadDocument } from '../documents.ts';
import { mayReadPlatform, platformParams, readPlatform } from '../platform.ts';
import { judgeDocument, reviewMessages, reviewParams, showDocuments } from '../review.ts';

const messages = {
  ...reviewMessages,
  stale: agreementMessages.stale,
  noRunbook: {
    says: '{subject}: has no annotation {annotation}, expected one that leads to its section of the runbook.',
    fix: 'Write the section, and put its address into the annotation of the rule.',
  },
  noSection: {
    says: '{subject}: its runbook is {address}, and {problem}, expected a section of that name.',
    fix: 'Write the section, or correct the address in the rule: an anchor is the heading in small letters, with hyphens.',
  },
  hollow: {
    says: '{subject}: its section in {address} {problem}, expected {expected} words that say what to look at and what to do.',
    fix: 'Write down how to tell what is wrong, what to do about it, and whom to call.',
  },
} as const;

export const runbook = kind('documents/runbook', {
  title: 'Each alert leads to a section of the runbook, which is current',
  why: 'Whoever is woken follows the link of the alert: where it leads nowhere, the outage lasts as long as it takes to find somebody who knows.',
  sees: [
    'Each loaded alerting rule of the severities has a runbook address, and that leads to a section that exists, is long enough and written.',
    'Commands and names in these documents are of what runs now.',
    'A reviewer, not its author, and a date within the bound in the front matter of each document; its links resolve.',
  ],
  not: ['Whether the advice helps.', 'Whether the address serves the very files that were read.'],
  needs: ['cluster', 'files', 'http'],
  params: {
    ...prometheusParams,
    severityLabel: severityLabelParam,
    severities: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      default: ['critical'],
      description: 'Severities whose alerts need a section.',
    },
    annotation: { type: 'string', minLength: 1, default: 'runbook_url', description: 'Annotation that names it.' },
    minWords: { type: 'integer', minimum: 1, default: 20, description: 'Words that a section must have at the least.' },
    ...platformParams,
    ...agreementParams,
    ...reviewParams,
  },
  required: ['prometheus', 'namespaces', 'sites'],
  messages,
  rights: (params) => [...mayReadPlatform(params), ...mayReadSecrets([params.prometheusToken])],

  async gather(params, { cluster, files, http }, context) {
    const reader = new DocumentReader(files, params.sites);
    const [platform, loaded] = await Promise.all([
      readPlatform(params, cluster, context),
      rules(http, prometheusOf(params)),
    ]);
    const alerts = loaded
      .filter(
        ({ kind: of, labels }) => of === 'alerting' && params.severities.includes(labels[params.severityLabel] ?? ''),
      )
      .map(({ name, labels, annotations }) => ({
        name,
        labels,
        address: addressOf(annotations[params.annotation], name, labels),
      }));
    const pages = await Promise.all(
      [...new Set(alerts.map(({ address }) => address))].map(async (address) => ({
        address,
        page: await reader.resolve(address),
      })),
    );
    const paths = [...new Set(pages.flatMap(({ page }) => (page ? [page.path] : [])))].sort();
    return { alerts, pages, platform, documents: await Promise.all(paths.map((path) => reader.read(path))) };
  },

  judge(params, { alerts, pages, platform, documents }, say, now) {
    for (const one of documents) {
      judgeDocument(one, params, say, now);
      judgeTrue(one, platform, params, say);
    }
    judgeListed(platform, params.namespaces, say);
    const pageOf = new Map(pages.map(({ address, page }) => [address, page]));
    for (const alert of alerts) judgeAlert(alert, pageOf.get(alert.address) ?? null, documents, params, say);
    if (alerts.length === 0)
      say.unsure(
        'no-subjects',
        `Prometheus has no alerting rule whose ${params.severityLabel} is ${params.severities.join(' or ')}.`,
      );
    showDocuments(documents, say);
    say.show(
      table(
        'Runbooks',
        ['alert', 'address', 'file'],
        alerts.map(({ name, address }) => [name, address, pageOf.get(address)?.path ?? '']),
      ),
    );
  },
});

interface Alert extends Pick<AlertRule, 'name' | 'labels'> {
  /** Empty where the rule names none; with `{{` where it cannot be known before the alert fires. */
  readonly address: string;
}
type Page = NonNullable<Awaited<ReturnType<DocumentReader['resolve']>>>;

/** The address of a rule. Templates of labels that the rule itself sets are filled in, as Prometheus would. */
function addressOf(text = '', alertname: string, labels: Readonly<Record<string, string>>): string {
  const values: Readonly<Record<string, string>> = { ...labels, alertname };
  return text.trim().replace(/\{\{-?\s*\$labels\.(\w+)\s*-?\}\}/g, (whole, label: string) => values[label] ?? whole);
}

function judgeAlert(
  { name, labels, address }: Alert,
  page: Page | null,
  documents: readonly ReadDocument[],
  { annotation, minWords }: { readonly annotation: string; readonly minWords: number },
  say: Say<typeof messages>,
): void {
  const subject = alertText({ alertname: name, ...labels });
  say.judged(subject);
  if (address === '') return say.fail('noRunbook', subject, { annotation });
  if (address.includes('{{')) return say.unknown(subject, `where its runbook is before it fires: ${address}`);
  if (!page)
    return say.unsure(
      'unknown-value',
      `${subject}: its runbook ${address} is on none of the sites whose files are known.`,
      { subject },
    );
  judgeSection({ subject, address, minWords }, page, documents.find(({ path }) => path === page.path)?.document, say);
}

function judgeSection(
  { subject, address, minWords }: { readonly subject: string; readonly address: string; readonly minWords: number },
  { path, fragment }: Page,
  document: ReadDocument['document'] | undefined,
  say: Say<typeof messages>,
): void {
  if (!document) return say.fail('noSection', subject, { address, problem: `there is no ${path}` });
  if (fragment !== '' && !hasAnchor(document, fragment))
    return say.fail('noSection', subject, { address, problem: `${path} has no section #${fragment}` });
  const section = fragment === '' ? whole(document) : document.sections.find(({ anchor }) => anchor === fragment);
  // An anchor that its author set stands somewhere in the text: how long its section is nobody says.
  if (!section) return;
  const problem = section.unwritten === undefined ? `has ${section.words} words` : `says "${section.unwritten}"`;
  if (section.unwritten !== undefined || section.words < minWords)
    say.fail('hollow', subject, { address, problem, expected: minWords });
}

/** A document that is one runbook as a whole. */
function whole({ sections }: NonNullable<ReadDocument['document']>): {
  readonly words: number;
  readonly unwritten?: string;
} {
  const top = sections.filter(({ depth }) => depth === Math.min(...sections.map((one) => one.depth)));
  const unwritten = top.map((one) => one.unwritten).find((one) => one !== undefined);
  return { words: top.reduce((sum, { words }) => sum + words, 0), ...(unwritten === undefined ? {} : { unwritten }) };
}
