// node-oidc-provider (certified) with the clients, scopes and lifetimes of the node's realm
// (upv-node.md 3), over TLS 1.3 on loopback. Run by tests/real/oidc_provider.py, which gives it its
// wishes as JSON on standard input and reads {"issuer"} from its output once it serves.
//
// Beside the provider's own pages and endpoints there is /_test, where a test changes its wishes.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { text } from 'node:stream/consumers';

import Provider, { errors } from 'oidc-provider';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const AUDIENCES = { qpinsights: 'qpinsights-backend', 'dataset-explorer': 'dataset-service' };
const ACCOUNTS = {
  ingester: ['authorized-technical-data-manager', 'dataset-administrator', 'PROJECT-SANDBOX'],
  newcomer: [],
};

const wishes = {
  access_s: 300,
  refresh_s: 1800,
  device_s: 600,
  rotates: false,
  device_clients: [],
  least_interval_s: 0,
  ...JSON.parse(await text(process.stdin)),
};
const counts = { sign_ins: 0, sign_in_failures: 0, refreshes: 0 };

const server = https.createServer({
  cert: readFileSync(wishes.certificate),
  key: readFileSync(wishes.key),
  minVersion: 'TLSv1.3',
});
await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
const issuer = `https://127.0.0.1:${server.address().port}`;

const resource = (client) => `urn:eucaim:${AUDIENCES[client.clientId]}`;
const resourceServer = (name) => ({
  scope: '',
  audience: name.replace('urn:eucaim:', ''),
  accessTokenFormat: 'jwt',
  accessTokenTTL: wishes.access_s,
  jwt: { sign: { alg: 'RS256' } },
});

// The realm's tokens name groups and roles; what is empty is left out, as Keycloak does.
function claimsOf(accountId, client) {
  const groups = ACCOUNTS[accountId];
  const roles = groups.filter((group) => !group.startsWith('PROJECT-'));
  const ofService = { 'dataset-explorer': ['admin_datasets', 'use_datasets'], qpinsights: ['User'] };
  return {
    preferred_username: accountId,
    realm_access: { roles: [...roles, 'validated_user', 'offline_access'] },
    ...(groups.length && {
      groups,
      resource_access: { [AUDIENCES[client.clientId]]: { roles: ofService[client.clientId] } },
    }),
  };
}

const client = (clientId) => ({
  client_id: clientId,
  token_endpoint_auth_method: 'none',
  response_types: ['code'],
  grant_types: [
    'password', 'refresh_token', 'authorization_code',
    ...(wishes.device_clients.includes(clientId) ? [DEVICE] : []),
  ],
  redirect_uris: [`${issuer}/come-back/${clientId}`],
});

const provider = new Provider(issuer, {
  clients: Object.keys(AUDIENCES).map(client),
  scopes: ['openid', 'offline_access'],
  features: {
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, asking) => resource(asking),
      getResourceServerInfo: (ctx, name) => resourceServer(name),
      useGrantedResource: () => true,
    },
  },
  findAccount: (ctx, accountId) => (accountId in ACCOUNTS
    ? { accountId, claims: () => ({ sub: accountId }) }
    : undefined),
  extraTokenClaims: (ctx, token) => claimsOf(token.accountId, ctx.oidc.client),
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  rotateRefreshToken: () => wishes.rotates,
  ttl: {
    DeviceCode: () => wishes.device_s,
    RefreshToken: (ctx, token) => (token.scopes.has('offline_access')
      ? 30 * 86400
      : wishes.refresh_s),
    Session: 36000,
    Grant: 31 * 86400,
    Interaction: 600,
    IdToken: 300,
  },
  cookies: { keys: ['only-for-tests'] },
});

// RFC 6749 4.3, which the provider leaves out and the realm allows.
provider.registerGrantType('password', async (ctx) => {
  const { username, password, scope = '' } = ctx.oidc.params;
  if (!Object.hasOwn(ACCOUNTS, username ?? '') || password !== username) {
    counts.sign_in_failures += 1;
    throw new errors.InvalidGrant('Invalid user credentials');
  }
  const asking = ctx.oidc.client;
  const name = resource(asking);
  const grant = new provider.Grant({ accountId: username, clientId: asking.clientId });
  grant.addOIDCScope(scope);
  grant.addResourceScope(name, '');
  const grantId = await grant.save();
  const common = { accountId: username, client: asking, grantId, gty: 'password' };
  const access = new provider.AccessToken(common);
  access.resourceServer = new provider.ResourceServer(name, resourceServer(name));
  const refresh = new provider.RefreshToken({ ...common, scope, resource: name, rotations: 0 });
  ctx.oidc.entity('AccessToken', access);
  counts.sign_ins += 1;
  ctx.body = {
    access_token: await access.save(),
    expires_in: access.expiration,
    refresh_token: await refresh.save(),
    token_type: access.tokenType,
    scope,
  };
}, ['username', 'password', 'scope']);

provider.on('grant.success', (ctx) => {
  counts.refreshes += ctx.oidc.params.grant_type === 'refresh_token' ? 1 : 0;
});

// The provider leaves slow_down (RFC 8628 3.5) to whoever runs it.
const asked = new Map();
const { find } = provider.DeviceCode;
provider.DeviceCode.find = async function findInTime(code, ...rest) {
  if (!rest.length || !rest[0]?.ignoreSessionBinding) {
    const before = asked.get(code) ?? -Infinity;
    asked.set(code, Date.now());
    if (Date.now() - before < 1000 * wishes.least_interval_s) throw new errors.SlowDown();
  }
  return find.call(this, code, ...rest);
};

const answer = provider.callback();
server.on('request', async (request, response) => {
  if (request.url !== '/_test') {
    answer(request, response);
    return;
  }
  Object.assign(wishes, JSON.parse((await text(request)) || '{}'));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(counts));
});
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
