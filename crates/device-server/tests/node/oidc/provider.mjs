// An OpenID provider on loopback, for the tests of callers. It writes its issuer as a line of JSON and takes commands, one a line: `rotate` signs with a new key
// and keeps the old one in the set, `drop` takes all but the newest out. Each is answered by a line once it holds.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const AUDIENCE = 'devreg';
const [secret, ...subjects] = process.argv.slice(2);
const keys = [];
// Notices of the library go where nobody reads commands' answers.
console.info = console.error;

function addKey() {
  // By way of PEM: a generated key shares a lock with the job that made it, and node (20.20) waits for ever if it collects that job while the key is exported.
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  keys.unshift({ ...createPrivateKey(privateKey).export({ format: 'jwk' }), use: 'sig', alg: 'RS256' });
}

// Every subject is a client of its own: a client's token has the client's id as subject.
const clients = subjects.map((subject) => ({
  client_id: subject,
  client_secret: secret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));

const resource = (format) => ({
  scope: 'fr:am:* devices:read',
  audience: AUDIENCE,
  accessTokenFormat: format,
  accessTokenTTL: 600,
  jwt: { sign: { alg: 'RS256' } },
});

function provider(issuer) {
  return new Provider(issuer, {
    clients,
    jwks: { keys },
    scopes: ['fr:am:*', 'devices:read'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, name) => resource(name.endsWith('/opaque') ? 'opaque' : 'jwt'),
      },
    },
    formats: {
      customizers: {
        jwt: (ctx, token, jwt) => {
          if (token.clientId === 'late') jwt.payload.exp = jwt.payload.iat - 3600;
        },
      },
    },
  });
}

let answer = (request, response) => response.writeHead(503).end();
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const start = () => { answer = provider(issuer).callback(); };
  addKey();
  start();
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).on('line', (command) => {
    if (command === 'rotate') addKey();
    if (command === 'drop') keys.splice(1);
    start();
    console.log(JSON.stringify({ done: command }));
  }).on('close', () => process.exit(0));
});
