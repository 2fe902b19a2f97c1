/** What answers of a load run are held against, as types only. */

/** What a 2xx answer must be to count; each is looked at. One that is not is `wrong`. */
export interface ExpectedAnswer {
  /** Media type without parameters. */
  readonly contentType?: string;
  readonly bodyIncludes?: readonly string[];
  readonly empty?: true;
  /** JSON Schema of the body. */
  readonly schema?: object;
  /** Exactly this status; any 2xx when absent. */
  readonly status?: number;
}
