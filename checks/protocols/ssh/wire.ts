/** The binary encoding that SSH keys and signatures share (RFC 4251): strings with their length before them. */

/** Reads one value after another. Throws RangeError where the bytes end early. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  raw(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new RangeError('it ends early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  number(): number {
    return this.raw(4).readUInt32BE();
  }
  string(): Buffer {
    return this.raw(this.number());
  }
  text(): string {
    return this.string().toString('utf8');
  }
  /** A positive integer without the zero that only keeps it positive. */
  integer(): Buffer {
    const bytes = this.string();
    return bytes[0] === 0 ? bytes.subarray(1) : bytes;
  }
  /** Throws RangeError where anything follows: two texts must not be one signature. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('it goes on after its end');
  }
}

export function sshString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([sshNumber(bytes.length), bytes]);
}

export function sshNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
