import type { Kind } from './kinds.ts';

/** Which object a request is about, and how. */
export interface Where {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Field manager of the write. */
  readonly manager?: string;
  /** Takes what the answer's `Warning` headers are to say. */
  readonly warn?: (text: string) => void;
}
