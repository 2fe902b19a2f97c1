import { expect, it } from 'vitest';
import {
  literalsInAnnotations,
  literalsInConfigMap,
  literalsInPod,
} from '../../checks/protocols/literal-credentials.ts';

/** What platforms are configured by, and no credential anywhere. */
const ORDINARY = [
  `# nginx
server { listen 443 ssl; ssl_certificate_key /etc/tls/tls.key; auth_basic_user_file /etc/nginx/htpasswd;
  proxy_set_header Authorization $http_authorization;
  proxy_set_header Authorization "Bearer $token";
  proxy_set_header X-Api-Key $upstream_key;
  if ($arg_token = "") { return 401; }
  set $token $cookie_token;
  location = /password { return 301 /login?next=password; }
}`,
  `scrape_configs:
  - job_name: x
    basic_auth: { username: prom, password_file: /etc/secret/pw }
    authorization: { type: Bearer, credentials_file: /var/run/token }
    bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token
    relabel_configs:
      - source_labels: [__meta_kubernetes_secret]
        regex: token=(.*)
groups:
  - rules:
      - alert: SecretMissing
        expr: kube_secret_info{secret="db-credentials",namespace="shop"} == 0 and on(secret) x{token="abc"}
        annotations: { summary: 'Secret {{ $labels.secret }} is missing: password cannot be read' }`,
  `[OUTPUT]
    Name es
    HTTP_User fluent
    HTTP_Passwd \${ES_PASSWORD}
    tls On`,
  `spring:
  datasource:
    url: jdbc:postgresql://db:5432/shop?user=shop&sslmode=require
    username: shop
    password: \${DB_PASSWORD}
  security:
    oauth2:
      client:
        registration:
          google: { client-id: abc, client-secret: '\${GOOGLE_SECRET:}' }
  cloud.vault.token: vault:v1:abc
management.endpoint.env.keys-to-sanitize: password,secret,key,token
app.password.min-length: 12
app.token.expiry: 3600
app.password-policy: strong
forgotPassword.path: /forgot`,
  `password_encryption = scram-sha-256
#password = foo
ssl_key_file = '/tls/key'
primary_conninfo = 'host=primary user=rep passfile=/home/.pgpass sslmode=require'`,
  `host all all 10.0.0.0/8 scram-sha-256
hostssl replication rep 0.0.0.0/0 cert`,
  `local all all peer`,
  `[auth.generic_oauth]
client_secret = $__file{/etc/secrets/oauth}
token_url = https://id.shop/token
api_key_max_seconds_to_live = 3600
[security]
admin_password = $__env{GF_PW}
secret_key = \${SECRET_KEY}
disable_initial_admin_creation = true`,
  `<configuration><runtime><assemblyBinding><dependentAssembly><assemblyIdentity name="Newtonsoft.Json" publicKeyToken="30ad4fe6b2a6aeed" culture="neutral"/></dependentAssembly></assemblyBinding></runtime>
<add key="PasswordMinLength" value="12"/>
<add key="TokenIssuer" value="https://id"/>
<property name="password" value="\${db.password}"/>
<password>\${env.PASSWORD}</password>
<connectionString>Server=db;User Id=sa;Password=\${PW};</connectionString></configuration>`,
  `{"bos_token": "<s>", "eos_token": "<|endoftext|>", "pad_token": "[PAD]", "tokenizer_class": "X", "unk_token": {"content":"<unk>"}}`,
  `login.title=Sign in
login.password=
login.passwordHint=Enter your password
token.invalid=Token is invalid`,
  `#!/bin/sh
set -e
PGPASSWORD="$POSTGRES_PASSWORD" psql -U "$POSTGRES_USER" -h db -p 5432 -c 'select 1'
export PGPASSWORD=$(cat /run/secrets/pw)
redis-cli -a "$REDIS_PASSWORD" --tls ping
redis-cli -a "\${REDIS_PASSWORD}" ping
mysql -u root -p"$MYSQL_ROOT_PASSWORD" -e 'select 1'
mysqladmin ping -p\${MYSQL_PW}
curl -sf -u "$USER:$PASS" https://x/
curl -fsS -H "Authorization: Bearer $TOKEN" https://x/
curl -H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" https://kubernetes
docker run -p 8080:80 nginx
TOKEN=$1
kubectl create secret generic x --from-literal=password="$PW"
until pg_isready -h db -p 5432; do sleep 1; done
if [ "$PASSWORD" = "" ]; then echo "PASSWORD is not set"; fi
ALTER USER shop WITH PASSWORD :'pw';
password=$(openssl rand -base64 32)
PASSWORD=\`cat /x\`
mongo --port 27017 -u root -p "$MONGO_PASSWORD"
psql "host=db user=shop password=$PGPASSWORD"`,
  `import os
password = os.environ["DB_PASSWORD"]
token = request.headers.get("Authorization")
secret = config.secret
api_key = settings.API_KEY
def login(user, password=None, token=None): pass
const token = process.env.TOKEN;
const secret = await getSecret("db");
client_secret: process.env.SECRET,`,
  `oidc:
  issuer: https://id.shop
  clientID: shop
  clientSecretRef: { name: oidc, key: clientSecret }
  existingSecret: db-credentials
  tokenEndpoint: https://id.shop/token
  accessTokenLifetime: 15m
  token_endpoint_auth_method: client_secret_basic
  passwordConnector: local
imagePullSecret: registry-pull
secretName: web-tls
tlsSecret: web-tls`,
  `template: |
  {{ with secret "secret/data/db" }}password={{ .Data.data.password }}{{ end }}`,
  `.:53 { errors
 health
 kubernetes cluster.local in-addr.arpa ip6.arpa { pods insecure }
 forward . /etc/resolv.conf }`,
  `%sudo ALL=(ALL) NOPASSWD: ALL
root:x:0:0:root:/root:/bin/sh`,
  `[databases]
mcp_db = host=postgres port=5432 dbname=mcp_db auth_user=pgbouncer
* = host=db
[pgbouncer]
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1`,
  `aclfile /data/users.acl
user default off nopass
tls-key-file /tls/tls.key`,
  `log_format main '$remote_addr - $remote_user [$time_local] "$request"'; 12:30:00:a:b`,
  `redirect: https://id.shop/login?token=abc&state=x`,
  `receivers:
  - name: pager
    pagerduty_configs: [{ routing_key_file: /etc/pd }]
    webhook_configs: [{ url: 'http://x/', http_config: { authorization: { credentials_file: /x } } }]
  - name: slack
    slack_configs: [{ api_url_file: /etc/slack, channel: '#x' }]`,
  `feature.passwordless=enabled
auth=oauth2
auth: basic
AUTH_TYPE=jwt
auth: kerberos5p-sso`,
];

it.each(ORDINARY)('finds nothing in ordinary configuration: %s', (text) => {
  expect(literalsInConfigMap({ file: `${text}\n# end\n` })).toEqual([]);
});

const inVariable = (name: string, value: string): number =>
  literalsInPod({ containers: [{ name: 'c', env: [{ name, value }] }] }, 'spec').length;

it.each([
  ['AUTH', 'basic'],
  ['REDIS_AUTH', 'true'],
  ['SECRET_NAME', 'db-1'],
  ['TOKEN_AUDIENCE', 'shop-api-v2'],
  ['PASSWORD_RESET_SUBJECT', 'Reset your password'],
  ['AWS_SECRET_ARN', 'arn:aws:secretsmanager:eu:1:secret:x'],
  ['VAULT_SECRET_PATH', 'secret/data/db1'],
  ['TOKEN_ISSUER', 'https://x'],
  ['SSH_AUTH_SOCK', '/x'],
  ['SECRET_STORE', 'aws-secretsmanager-v1'],
  ['TOKEN_MODEL', 'gpt4o-mini-2024'],
  ['SECRET_BACKEND', 'k8s4prod2'],
  ['JAVA_OPTS', '-Dserver.ssl.key-store-password=${PW} -Xmx1g'],
  ['KAFKA_SASL', 'org.apache.kafka.common.security.plain.PlainLoginModule required username="$(U)" password="$(P)";'],
  ['AUTHORIZATION', 'enabled'],
  ['MAX_TOKENS', '12k'],
  ['GITHUB_API', 'https://api'],
  ['CACHE_KEY', 'v1.2'],
  ['TOKENIZER', 'x'],
  ['PASSWORD_HASHER', 'argon2id'],
  ['ROUTING_KEY', 'orders.created'],
])('finds nothing in the variable %s=%s', (name, value) => expect(inVariable(name, value)).toBe(0));

it.each([
  ['checksum/secret', '3f5a'.repeat(16)],
  ['checksum/config', '3f5a'.repeat(16)],
  ['nginx.ingress.kubernetes.io/auth-secret', 'basic-auth'],
  ['vault.hashicorp.com/agent-inject-secret-db', 'database/creds/db'],
  [
    'vault.hashicorp.com/agent-inject-template-db',
    '{{ with secret "x" }}postgres://{{ .Data.username }}:{{ .Data.password }}@db/x{{ end }}',
  ],
  ['secret.reloader.stakater.com/reload', 'db-1'],
  ['prometheus.io/path', '/metrics'],
  ['linkerd.io/trust-root-sha256', '3f5a'.repeat(16)],
  ['iam.amazonaws.com/role', 'arn:aws:iam::1:role/x'],
  ['kubectl.kubernetes.io/restartedAt', '2026-01-01T00:00:00Z'],
])('finds nothing in the annotation %s: %s', (name, value) =>
  expect(literalsInAnnotations({ annotations: { [name]: value } }, 'spec')).toEqual([]),
);

const SECRET = 'S3cretPassw0rd';
it.each([
  ['DATABASE_DSN', `postgres://mcp:$ecretPassw0rd@postgres:5432/mcp_db`],
  ['DATABASE_DSN', `mcp:${SECRET}@tcp(db:3306)/shop`],
  ['DATABASE_DSN', `host=db user=mcp password=${SECRET} dbname=mcp`],
  ['CONNECTION', `Server=db;User Id=sa;Password=${SECRET};`],
  ['CONNECTION', `jdbc:postgresql://db/mcp?user=mcp&password=${SECRET}`],
  ['JAVA_OPTS', `-Xmx1g -Ddb.password=${SECRET}`],
  ['DB_PASSWD2', SECRET],
  ['PASSWORD_DB', SECRET],
  ['DBPASSWORD', SECRET],
  ['AUTH', 'Basic bWNwOlMzY3JldFBhc3N3MHJk'],
  ['SETTINGS', `{"user":"mcp","password":"${SECRET}"}`],
  ['SETTINGS', `{ user: mcp, password: ${SECRET} }`],
])('finds the credential in %s', (name, value) => expect(inVariable(name, value)).toBe(1));

it.each([
  [['sh', '-c', `cd /app && PGPASSWORD=${SECRET} psql -h db`]],
  [['sh', '-c', `redis-cli -h cache -a ${SECRET} ping`]],
  [['redis-cli', '-a', SECRET, 'ping']],
  [['redis-cli', '--pass', SECRET, 'shutdown']],
  [['sh', '-c', `mysql -u root -p${SECRET} -e 'select 1'`]],
  [['mysql', `-p${SECRET}`]],
  [['curl', '-u', `mcp:${SECRET}`, 'http://x']],
  [['sh', '-c', 'curl -H "Authorization: Bearer tok_live_8f2kd91ma0" http://x']],
  [['sh', '-c', `sshpass -p ${SECRET} ssh x`]],
  [['app', '--set=auth.password=' + SECRET]],
  [['sh', '-c', `app --api-token ${SECRET} serve`]],
])('finds the credential in a command, a probe and a hook: %j', (command) => {
  const exec = { exec: { command } };
  const handlers = {
    livenessProbe: exec,
    readinessProbe: exec,
    startupProbe: exec,
    lifecycle: { postStart: exec, preStop: exec },
  };
  const places = literalsInPod({ containers: [{ name: 'c', command, ...handlers }] }, 'spec').map(({ place }) => place);
  expect(places).toHaveLength(6);
  expect(places.join()).not.toContain(SECRET);
});

it.each([
  `user = mcp   ; password = ${SECRET}`,
  `db:5432:mcp_db:mcp:${SECRET}`,
  `*:*:*:mcp:${SECRET}`,
  `machine db login mcp password ${SECRET}`,
  '//registry.example.com/:_authToken=npm_1234567890abcdefghij',
  `//registry.example.com/:_auth=bWNwOlMzY3JldFBhc3N3MHJk`,
  `<password>${SECRET}</password>`,
  `<property name="password" value="${SECRET}"/>`,
  `<entry key="db.password">${SECRET}</entry>`,
  'admin:$apr1$ruca84Hq$mbjdMZBAG.KWn7vfN/SNK/',
  'admin:$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234',
  `HTTP_Passwd ${SECRET}`,
  `sentinel auth-pass mymaster ${SECRET}`,
  `- name: DB_PASSWORD\n  value: ${SECRET}`,
  `{"name": "DB_PASSWORD", "value": "${SECRET}"}`,
  `proxy_set_header Authorization "Basic bWNwOlMzY3JldFBhc3N3MHJk";`,
])('finds the credential in a file: %s', (text) => {
  expect(literalsInConfigMap({ file: `# head\n${text}\n` })).toHaveLength(1);
});

it('finds the credential in a header of a probe, in an annotation and in the options of a volume', () => {
  const header = (name: string, value: string) => ({
    httpGet: { path: '/', port: 80, httpHeaders: [{ name, value }] },
  });
  const container = {
    name: 'c',
    livenessProbe: header('Authorization', 'Basic bWNwOlMzY3JldFBhc3N3MHJk'),
    readinessProbe: header('X-Api-Key', SECRET),
    startupProbe: { httpGet: { path: `/health?token=${SECRET}`, port: 80 } },
  };
  const volumes = [{ name: 'v', csi: { driver: 'd', volumeAttributes: { password: SECRET } } }];
  expect(literalsInPod({ containers: [container], volumes }, 'spec')).toHaveLength(4);
  expect(literalsInAnnotations({ annotations: { 'db.password': SECRET } }, 'spec.template.spec')).toEqual([
    { place: 'spec.template.metadata.annotations["db.password"]', rule: 'named like a secret' },
  ]);
});
