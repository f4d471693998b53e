// A real OpenID provider (oidc-provider) whose keys can be changed while it serves.
//
//   node issuer.mjs CONFIG.json
//
// CONFIG: { audience, scopes, people, clients, keys, extra, sign, ttl, ready }. People sign in by the authorization code
// flow with PKCE, clients use their credentials. What a person or a client may do stands in the claims that `people` and
// `clients` give. A second port takes orders: POST /keys (rotation), POST /mode (how the key set is served), GET /stats.
// Ends when its standard input does.

import { createServer } from 'node:http';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const RESOURCE = 'urn:ehub:api';
const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const state = { keys: config.keys, extra: config.extra ?? [], sign: config.sign, mode: 'normal', fetches: 0 };
let issuer;
let provider;
let callback;

function claimsOf(token) {
  const subject = token.accountId ?? token.clientId;
  return (config.people[subject] ?? config.clients[subject] ?? {}).claims;
}

function build() {
  provider = new Provider(issuer, {
    jwks: { keys: state.keys },
    clients: [
      {
        client_id: 'front-end',
        client_secret: config.secret,
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
      },
      ...Object.keys(config.clients).map((client_id) => ({
        client_id,
        client_secret: config.secret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        scope: config.scopes.join(' '),
      })),
    ],
    scopes: ['openid', ...config.scopes],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: config.scopes.join(' '),
          audience: config.audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: config.ttl,
          jwt: { sign: state.sign },
        }),
      },
    },
    cookies: { keys: [config.secret] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => (config.people[id] ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
    extraTokenClaims: (_, token) => claimsOf(token),
  });
  provider.on('server_error', (_, error) => console.error(error));
  callback = provider.callback();
}

// Who signs in is who the application says; this provider asks nobody for a password.
async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
    return;
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(['openid', ...config.scopes].join(' '));
  grant.addResourceScope(RESOURCE, config.scopes.join(' '));
  const consent = { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, consent, { mergeWithLastSubmission: true });
}

// The public halves of the provider's own keys, and whatever else the test wants to see in a key set.
function keySet() {
  const secret = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi']);
  const open = (key) => Object.fromEntries(Object.entries(key).filter(([name]) => !secret.has(name)));
  return JSON.stringify({ keys: [...state.keys.map(open), ...state.extra] });
}

function serveKeys(response) {
  state.fetches += 1;
  const json = { 'content-type': 'application/json' };
  if (state.mode === 'broken') response.writeHead(500).end('no keys today');
  else if (state.mode === 'slow') setTimeout(() => response.writeHead(200, json).end(keySet()), 6_000);
  else if (state.mode === 'huge') response.writeHead(200, json).end(`{"keys":[]${' '.repeat(4 << 20)}}`);
  else if (state.mode === 'wrong') response.writeHead(200, json).end('{"keys":[]}');
  else if (state.mode === 'moved') response.writeHead(302, { location: '/elsewhere' }).end();
  else response.writeHead(200, json).end(keySet());
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === '/jwks') serveKeys(response);
  else if (pathname === '/elsewhere') response.writeHead(200).end(keySet());
  else if (pathname.startsWith('/interaction/')) {
    interact(request, response).catch((error) => response.writeHead(400).end(String(error)));
  } else callback(request, response);
});

const orders = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  if (request.url === '/keys') {
    Object.assign(state, JSON.parse(body));
    build();
  } else if (request.url === '/mode') {
    state.mode = JSON.parse(body).mode;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ fetches: state.fetches, mode: state.mode }));
});

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  build();
  orders.listen(0, '127.0.0.1', () => {
    const ready = JSON.stringify({ issuer, orders: `http://127.0.0.1:${orders.address().port}` });
    writeFileSync(`${config.ready}.new`, ready);
    renameSync(`${config.ready}.new`, config.ready);
  });
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
