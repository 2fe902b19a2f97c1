/** A real SMTP server that keeps what it takes, and shows by HTTP which mails have arrived. STARTTLS and a login are demanded. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { PlatformContext } from '../../platform-types.ts';
import type { Mounted } from '../receiver.ts';
import { sendJson } from '../serve.ts';

const KEPT = 200;
const MOST_BYTES = 256 * 1024;

/** Can lose what it takes over. */
export interface Lossy {
  /** Loses what comes, and what is there as well, until the release. */
  lose(): () => void;
}
export interface Mailbox extends Lossy {
  readonly port: number;
  /** `GET /?id=…`: the mails of this Message-ID. */
  readonly handler: Mounted;
  stop(): Promise<void>;
}
interface Stored {
  readonly to: readonly string[];
  readonly text: string;
}

export async function startMailbox(context: PlatformContext, password: string): Promise<Mailbox> {
  const { key, certificate } = context.authority.issue({ commonName: 'mail.mcp.test', dnsNames: ['mail.mcp.test'] });
  const mails: Stored[] = [];
  let losing = false;
  const server = new SMTPServer({
    name: 'mail.mcp.test',
    key,
    cert: certificate,
    authMethods: ['PLAIN', 'LOGIN'],
    disableReverseLookup: true,
    size: MOST_BYTES,
    onAuth(login, _, done) {
      if (login.username === 'golive' && login.password === password) done(null, { user: login.username });
      else done(new Error('Invalid username or password'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        if (!losing) mails.push({ to, text: Buffer.concat(chunks).toString('utf8') });
        if (mails.length > KEPT) mails.shift();
        done(null, 'queued');
      });
    },
  });
  // A client that breaks off is no defect of ours.
  server.on('error', (error) => context.log(`mail: ${error.message}`));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  server.server.unref();
  return {
    port: (server.server.address() as AddressInfo).port,
    handler: (_, response, url) => {
      const id = url.searchParams.get('id') ?? '';
      const found = id === '' || losing ? [] : mails.filter(({ text }) => text.includes(`<${id}@`));
      return sendJson(response, 200, { messages: found.map(({ to }) => ({ to, id })) });
    },
    lose() {
      losing = true;
      return () => (losing = false);
    },
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  };
}
