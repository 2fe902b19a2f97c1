import type { PastOutcome } from '../../contract/history.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { attestationMessages, attestationParams, judgeAttestation } from '../../people/attestation/check.ts';
import { approvedIn, whenceOf } from '../metrics.ts';
import { sayNotDue, sayWhence, windowAfter } from '../since.ts';

export const securityPosture = kind('post-deployment/security-posture', {
  title: 'Nothing has become less secure since the approval',
  why: 'New vulnerabilities of the same images, a right that was given by hand and a policy that was deleted change nothing that users see.',
  sees: [
    'Where it is asked for, the signature of the role of the item beside the comparison.',
    'Each named item judged again since the approval, no longer ago than `maxAge`, and each of its findings that the approval did not have.',
  ],
  not: ['What the named items do not look at.'],
  needs: ['history', 'people'],
  params: {
    items: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'The items that are looked at again: scans, rights, policies, drift.',
    },
    for: duration('How long after the approval; before that it is not due.', '168h'),
    maxAge: duration('How old the latest look of each item may be.', '168h'),
    ...attestationParams,
    statement: {
      ...attestationParams.statement,
      description: 'What the role of the item signs beside the comparison; absent: nobody signs.',
    },
  },
  required: ['items'],
  messages: {
    ...attestationMessages,
    newFinding: {
      says: '{subject}: {item} finds {id}, which it did not at the approval, expected nothing new.',
      fix: 'Correct it, or have it accepted by name in a waiver.',
    },
    worse: {
      says: '{subject}: is {now} since {at} and was {before} at the approval, expected it to stay.',
      fix: 'See what the item says in that run: golive report --run ID.',
    },
  },
  async gather({ statement }, { history, people }) {
    const seen = await history.sinceApproval();
    const spoken = statement === undefined ? null : await people.attestations();
    return { ...whenceOf(seen), approved: approvedIn(seen).items, since: seen.since, spoken };
  },
  judge({ items, maxAge, statement, ...given }, { approved, since, spoken, ...whence }, say, now) {
    const length = durationMs(given.for);
    const window = windowAfter(whence, length, now);
    sayWhence(say, whence);
    if (!window.isOver) return sayNotDue(say, window, now, window.fromMs + length);
    if (statement !== undefined && spoken !== null) judgeAttestation({ ...given, statement }, spoken, say, now);
    const rows = items.map((item) => ({ item, before: latestOf(approved, item), latest: latestOf(since, item) }));
    for (const { item, before, latest } of rows) {
      say.judged(item);
      const subject = { subject: item };
      if (before === undefined)
        say.unsure('unknown-value', `${item}: the approval has no outcome of it to compare with.`, subject);
      else if (latest === undefined)
        say.unsure('too-few-samples', `${item}: no run has looked at it since the approval.`, subject);
      else if (now.getTime() - Date.parse(latest.at) > durationMs(maxAge))
        say.unsure('too-few-samples', `${item}: was last looked at ${latest.at}, expected within ${maxAge}.`, subject);
      else if (latest.outcome === 'fail') {
        const added = latest.findings.filter(
          (one) => !before.findings.some((old) => old.id === one.id && old.subject === one.subject),
        );
        for (const one of added) say.fail('newFinding', one.subject, { item, id: one.id });
        if (latest.findings.length === 0 && before.outcome !== 'fail')
          say.fail('worse', item, { now: latest.outcome, before: before.outcome, at: latest.at });
      } else if (latest.outcome !== 'pass' && latest.outcome !== 'not-applicable')
        say.unsure(
          'unknown-value',
          `${item}: ended as ${latest.outcome} at ${latest.at}, so that what it would find is unknown.`,
          subject,
        );
    }
    say.show(
      table(
        'Security items at the approval and since',
        ['item', 'at the approval', 'findings', 'now', 'findings now', 'looked at'],
        rows.map(({ item, before, latest }) => [
          item,
          before?.outcome ?? null,
          before?.findings.length ?? null,
          latest?.outcome ?? null,
          latest?.findings.length ?? null,
          latest?.at ?? null,
        ]),
      ),
    );
  },
});

const latestOf = (outcomes: readonly PastOutcome[], item: string): PastOutcome | undefined =>
  outcomes.findLast((one) => one.item === item);
