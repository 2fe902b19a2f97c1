/** Formats that a decision can be exported to, by the names that checklist.yaml and the command line use. */
export const EXPORT_NAMES = [
  'junit',
  'ctrf',
  'sarif',
  'in-toto',
  'vsa',
  'oscal',
  'oscal-poam',
  'openmetrics',
  'openreports',
] as const;
export type ExportName = (typeof EXPORT_NAMES)[number];
