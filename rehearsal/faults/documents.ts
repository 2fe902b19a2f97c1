/** Faults of what people wrote, and of what they forgot to write. */
import type { Act, Fault } from './fault.ts';

const edit = (file: string, replace: string, by: string): Act => ({
  lever: 'documents.edit',
  with: { file, replace, with: by },
});

export const documentFaults: readonly Fault[] = [
  {
    name: 'documents-left-behind',
    title: 'The platform went on and its documents were left as they were',
    inject: [
      edit('deployment-guide.md', 'reviewed: ', 'reviewed: 2019-04-01 # '),
      edit('runbook.md', '## Database down', '## Database outage'),
      edit('architecture.md', '`mcp-rust-server` ', '`mcp-compute-server` '),
      edit('api.yaml', '  /api/v1/jobs:', '  /api/v1/tasks:'),
      edit('troubleshooting.md', '## Pod restarting', '## Pods that restart'),
      edit('releases/v1.0.0.md', 'release: v1.0.0', 'release: v0.9.0'),
      edit('releases/v1.0.0.md', '`LEARNING_URL`', '`MODEL_URL`'),
      edit('versions.md', 'postgres:18.4', 'postgres:17.2'),
    ],
  },
];
