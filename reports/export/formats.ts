/** Every format that a decision can be exported to, and what gets lost on the way there. */
import type { ExportName } from '../../checks/contract/exports.ts';
import { envelope, type EnvelopeKey } from './dsse.ts';
import { ctrf } from './formats/ctrf.ts';
import { junit } from './formats/junit.ts';
import { openMetrics } from './formats/openmetrics.ts';
import { openReports } from './formats/openreports.ts';
import { nothingWaived, oscalPoam, oscalResults } from './formats/oscal.ts';
import { sarif } from './formats/sarif.ts';
import { nothingToBind, STATEMENT_TYPE, testResult, verificationSummary } from './formats/statement.ts';
import type { ResultGraph } from './graph.ts';

export interface ExportFormat {
  /** Under `reports/out/exports/`. */
  readonly file: string;
  readonly title: string;
  /** What the format cannot say. */
  readonly loses: readonly string[];
  /** It is signed, where there is a key. */
  readonly signed?: true;
  /** Why there is nothing to write, or null. */
  readonly refuses?: (graph: ResultGraph) => string | null;
  readonly write: (graph: ResultGraph, key: EnvelopeKey) => string;
}

const NO_EVIDENCE = 'evidence other than measured values';
const PEOPLE = 'who approved and signed';

export const EXPORT_FORMATS: Readonly<Record<ExportName, ExportFormat>> = {
  junit: {
    file: 'junit.xml',
    title: 'JUnit XML',
    loses: [
      'severity and owner but as properties: a minor failure counts as any other',
      'waived, pending, planned and not run are all "skipped"; the case "Go-live decision" alone says whether that holds the release',
      'evidence',
      PEOPLE,
    ],
    write: junit,
  },
  ctrf: {
    file: 'ctrf.json',
    title: 'CTRF 1.0',
    loses: ['HOLD is a failed test like NO-GO; rawStatus tells them apart', 'evidence', PEOPLE],
    write: ctrf,
  },
  sarif: {
    file: 'golive.sarif',
    title: 'SARIF 2.1.0',
    loses: [
      'evidence',
      PEOPLE,
      'a waiver is a suppression, which GitHub shows as an open alert all the same',
      'items that were not judged are results of kind "open", which GitHub does not show',
    ],
    write: sarif,
  },
  'in-toto': {
    file: 'test-result.intoto.json',
    title: 'in-toto test result v0.1 in DSSE',
    loses: [
      'HOLD is FAILED like NO-GO, and what could not be judged is a failed test',
      'what is not applicable',
      'findings and evidence',
      PEOPLE,
    ],
    signed: true,
    refuses: nothingToBind,
    write: (graph, key) => envelope(STATEMENT_TYPE, testResult(graph), key),
  },
  vsa: {
    file: 'vsa.intoto.json',
    title: 'SLSA verification summary v1 in DSSE',
    loses: ['everything but the decision: HOLD is FAILED like NO-GO', 'waivers', 'the environment', PEOPLE],
    signed: true,
    refuses: nothingToBind,
    write: (graph, key) => envelope(STATEMENT_TYPE, verificationSummary(graph), key),
  },
  oscal: {
    file: 'oscal-assessment-results.json',
    title: 'OSCAL 1.1 assessment results',
    loses: ['doubt: what could not be judged is "not-satisfied", its remarks say why', NO_EVIDENCE, PEOPLE],
    write: oscalResults,
  },
  'oscal-poam': {
    file: 'oscal-poam.json',
    title: 'OSCAL 1.1 plan of action and milestones: the waivers',
    loses: ['everything that is not waived'],
    refuses: nothingWaived,
    write: oscalPoam,
  },
  openmetrics: {
    file: 'golive.prom',
    title: 'OpenMetrics 1.0',
    loses: ['messages, findings but their number, evidence but values', PEOPLE],
    write: openMetrics,
  },
  openreports: {
    file: 'openreports.json',
    title: 'OpenReports v1alpha1 ClusterReport',
    loses: [
      'what could not be judged, waits or is planned is all "error"',
      'subjects that are no objects of the cluster but as properties',
      'evidence',
      PEOPLE,
    ],
    write: openReports,
  },
};
