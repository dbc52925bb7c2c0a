// Drives a server through @ory/kratos-client as an application would: as a native client with a token, as a page
// with cookies, and as an administrator. PUBLIC and ADMIN are the server's addresses; the last line printed is
// "N passed, N failed".
import assert from 'node:assert/strict';
import axios from 'axios';
import kratos from '@ory/kratos-client';

const { Configuration, FrontendApi, IdentityApi } = kratos;
const PUBLIC = process.env.PUBLIC;
const ADMIN = process.env.ADMIN;
const PASSWORD = 'correct horse battery staple';
const NEXT_PASSWORD = 'quiet lantern under the bridge';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// ---- clients ----

function native() {
  return new FrontendApi(new Configuration({ basePath: PUBLIC }));
}

// A page's client: keeps cookies, follows no redirect.
function browser() {
  const jar = new Map();
  const http = axios.create({ maxRedirects: 0, headers: { Accept: 'application/json' } });
  const keep = (response) => {
    for (const line of response?.headers?.['set-cookie'] ?? []) {
      const [pair, ...attributes] = line.split(';');
      const [name, ...value] = pair.split('=');
      const gone = attributes.some((a) => /^\s*max-age=(0|-\d+)\s*$/i.test(a));
      gone ? jar.delete(name) : jar.set(name, value.join('='));
    }
  };
  http.interceptors.request.use((request) => {
    if (jar.size > 0) {
      request.headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    }
    request.headers.set('Origin', new URL(PUBLIC).origin);
    return request;
  });
  http.interceptors.response.use(
    (response) => (keep(response), response),
    (error) => (keep(error.response), Promise.reject(error)),
  );
  return { api: new FrontendApi(new Configuration({ basePath: PUBLIC }), undefined, http), jar };
}

// ---- what answers look like ----

async function refused(promise, status, id) {
  const error = await promise.then(
    () => assert.fail(`expected ${status}`),
    (e) => e,
  );
  assert.ok(error.response, String(error));
  assert.equal(error.response.status, status, JSON.stringify(error.response.data));
  if (id) {
    assert.equal(error.response.data.error.id, id);
  }
  return error.response.data;
}

function node(flow, name) {
  return flow.ui.nodes.find((n) => n.attributes.name === name);
}

const csrf = (flow) => node(flow, 'csrf_token').attributes.value;

function checkFlow(flow, type, kind) {
  assert.match(flow.id, UUID);
  assert.equal(flow.type, type);
  assert.equal(flow.ui.method, 'POST');
  assert.equal(flow.ui.action, `${PUBLIC}/self-service/${kind}?flow=${flow.id}`);
  assert.ok(new Date(flow.expires_at) > new Date(flow.issued_at));
  assert.ok(node(flow, 'csrf_token'));
}

function checkIdentity(identity, email) {
  assert.match(identity.id, UUID);
  assert.deepEqual(identity.traits, { email });
  assert.equal(identity.state, 'active');
  assert.equal(identity.schema_id, 'default');
  assert.ok(!('credentials' in identity) && !('metadata_admin' in identity));
}

function checkSession(session, email) {
  assert.match(session.id, UUID);
  assert.equal(session.active, true);
  assert.equal(session.authenticator_assurance_level, 'aal1');
  assert.equal(session.authentication_methods[0].method, 'password');
  assert.ok(new Date(session.expires_at) > new Date());
  assert.ok(session.devices.length >= 1);
  checkIdentity(session.identity, email);
}

// ---- a native client ----

async function register(api, email) {
  const { data: flow } = await api.createNativeRegistrationFlow();
  checkFlow(flow, 'api', 'registration');
  const { data } = await api.updateRegistrationFlow({
    flow: flow.id,
    updateRegistrationFlowBody: { method: 'password', password: PASSWORD, traits: { email } },
  });
  checkSession(data.session, email);
  checkIdentity(data.identity, email);
  return data.session_token;
}

async function login(api, identifier, password) {
  const { data: flow } = await api.createNativeLoginFlow();
  checkFlow(flow, 'api', 'login');
  const { data } = await api.updateLoginFlow({
    flow: flow.id,
    updateLoginFlowBody: { method: 'password', identifier, password },
  });
  checkSession(data.session, identifier);
  return data.session_token;
}

async function nativeRegistration() {
  const api = native();
  const token = await register(api, 'native-a@example.org');
  const { data: session, headers } = await api.toSession({ xSessionToken: token });
  checkSession(session, 'native-a@example.org');
  assert.equal(headers['x-kratos-authenticated-identity-id'], session.identity.id);

  const { data: flow } = await api.createNativeRegistrationFlow();
  const taken = await refused(
    api.updateRegistrationFlow({
      flow: flow.id,
      updateRegistrationFlowBody: { method: 'password', password: PASSWORD, traits: { email: 'native-a@example.org' } },
    }),
    400,
  );
  assert.equal(taken.ui.messages[0].id, 4000007);
  const { data: again } = await api.getRegistrationFlow({ id: flow.id });
  assert.equal(again.id, flow.id);
  const weak = await refused(
    api.updateRegistrationFlow({
      flow: flow.id,
      updateRegistrationFlowBody: { method: 'password', password: 'short', traits: { email: 'native-b@example.org' } },
    }),
    400,
  );
  assert.equal(node(weak, 'password').messages[0].type, 'error');
}

async function nativeLogin() {
  const api = native();
  await register(api, 'native-login@example.org');
  const token = await login(api, 'native-login@example.org', PASSWORD);
  assert.equal((await api.toSession({ xSessionToken: token })).status, 200);
  const { data: flow } = await api.createNativeLoginFlow();
  const wrong = await refused(
    api.updateLoginFlow({
      flow: flow.id,
      updateLoginFlowBody: { method: 'password', identifier: 'native-login@example.org', password: 'wrong one' },
    }),
    400,
  );
  assert.equal(wrong.ui.messages[0].id, 4000006);
  await refused(api.toSession({ xSessionToken: 'nobody' }), 401);
  await refused(api.getLoginFlow({ id: '00000000-0000-4000-8000-000000000000' }), 404);
}

async function nativeSettings() {
  const api = native();
  const token = await register(api, 'native-settings@example.org');
  const { data: flow } = await api.createNativeSettingsFlow({ xSessionToken: token });
  checkFlow(flow, 'api', 'settings');
  assert.equal(node(flow, 'traits.email').attributes.value, 'native-settings@example.org');

  const { data: profile } = await api.updateSettingsFlow({
    flow: flow.id,
    xSessionToken: token,
    updateSettingsFlowBody: { method: 'profile', traits: { email: 'native-renamed@example.org' } },
  });
  assert.equal(profile.state, 'success');
  checkIdentity(profile.identity, 'native-renamed@example.org');

  const { data: next } = await api.createNativeSettingsFlow({ xSessionToken: token });
  const { data: changed } = await api.updateSettingsFlow({
    flow: next.id,
    xSessionToken: token,
    updateSettingsFlowBody: { method: 'password', password: NEXT_PASSWORD },
  });
  assert.equal(changed.state, 'success');
  assert.ok((await api.getSettingsFlow({ id: next.id, xSessionToken: token })).data.id);
  await login(api, 'native-renamed@example.org', NEXT_PASSWORD);
  const { data: old } = await api.createNativeLoginFlow();
  await refused(
    api.updateLoginFlow({
      flow: old.id,
      updateLoginFlowBody: { method: 'password', identifier: 'native-renamed@example.org', password: PASSWORD },
    }),
    400,
  );
  await refused(api.createNativeSettingsFlow(), 401, 'session_inactive');
}

async function nativeSessions() {
  const api = native();
  const email = 'native-sessions@example.org';
  const first = await register(api, email);
  const second = await login(api, email, PASSWORD);
  const third = await login(api, email, PASSWORD);
  const { data: others } = await api.listMySessions({ xSessionToken: first });
  assert.equal(others.length, 2);
  assert.ok(others.every((s) => s.active && UUID.test(s.id)));

  const { data: session } = await api.toSession({ xSessionToken: second });
  const ended = await api.disableMySession({ id: session.id, xSessionToken: first });
  assert.equal(ended.status, 204);
  await refused(api.toSession({ xSessionToken: second }), 401);
  const { data: own } = await api.toSession({ xSessionToken: first });
  await refused(api.disableMySession({ id: own.id, xSessionToken: first }), 400);

  const { data: count } = await api.disableMyOtherSessions({ xSessionToken: first });
  assert.equal(count.count, 2); // as Kratos counts: sessions that were ended before too
  await refused(api.toSession({ xSessionToken: third }), 401);
  assert.equal((await api.listMySessions({ xSessionToken: first })).data.length, 0);
}

async function nativeLogout() {
  const api = native();
  const token = await register(api, 'native-logout@example.org');
  const answer = await api.performNativeLogout({ performNativeLogoutBody: { session_token: token } });
  assert.equal(answer.status, 204);
  await refused(api.toSession({ xSessionToken: token }), 401);
  await refused(api.performNativeLogout({ performNativeLogoutBody: { session_token: 'nobody' } }), 403);
}

// ---- a page with cookies ----

async function registerPage(email) {
  const { api, jar } = browser();
  const { data: flow } = await api.createBrowserRegistrationFlow();
  checkFlow(flow, 'browser', 'registration');
  const { data } = await api.updateRegistrationFlow({
    flow: flow.id,
    updateRegistrationFlowBody: { method: 'password', password: PASSWORD, traits: { email }, csrf_token: csrf(flow) },
  });
  checkIdentity(data.identity, email);
  assert.ok(!('session_token' in data));
  return { api, jar };
}

async function loginPage(identifier, password) {
  const { api, jar } = browser();
  const { data: flow } = await api.createBrowserLoginFlow();
  checkFlow(flow, 'browser', 'login');
  const { data } = await api.updateLoginFlow({
    flow: flow.id,
    updateLoginFlowBody: { method: 'password', identifier, password, csrf_token: csrf(flow) },
  });
  checkSession(data.session, identifier);
  return { api, jar };
}

async function browserRegistration() {
  const { api, jar } = await registerPage('page-a@example.org');
  assert.equal(jar.size, 3); // the session's, the one against forgery, and what this browser knows of the account
  checkSession((await api.toSession()).data, 'page-a@example.org');
  await refused(api.createBrowserRegistrationFlow(), 400, 'session_already_available');
}

async function browserLogin() {
  await registerPage('page-login@example.org');
  const { api } = await loginPage('page-login@example.org', PASSWORD);
  checkSession((await api.toSession()).data, 'page-login@example.org');

  const other = browser();
  const { data: flow } = await other.api.createBrowserLoginFlow();
  const body = { method: 'password', identifier: 'page-login@example.org', password: PASSWORD };
  await refused(
    other.api.updateLoginFlow({ flow: flow.id, updateLoginFlowBody: { ...body, csrf_token: 'forged' } }),
    403,
    'security_csrf_violation',
  );
  await refused(browser().api.getLoginFlow({ id: flow.id }), 403, 'security_csrf_violation');
  const wrong = await refused(
    other.api.updateLoginFlow({
      flow: flow.id,
      updateLoginFlowBody: { ...body, password: 'wrong one', csrf_token: csrf(flow) },
    }),
    400,
  );
  assert.equal(wrong.ui.messages[0].id, 4000006);
  await refused(other.api.toSession(), 401);
}

async function browserSettings() {
  const { api } = await registerPage('page-settings@example.org');
  const { data: flow } = await api.createBrowserSettingsFlow();
  checkFlow(flow, 'browser', 'settings');
  const { data: profile } = await api.updateSettingsFlow({
    flow: flow.id,
    updateSettingsFlowBody: { method: 'profile', traits: { email: 'page-renamed@example.org' }, csrf_token: csrf(flow) },
  });
  assert.equal(profile.state, 'success');
  checkIdentity((await api.toSession()).data.identity, 'page-renamed@example.org');

  const { data: next } = await api.createBrowserSettingsFlow();
  const { data: changed } = await api.updateSettingsFlow({
    flow: next.id,
    updateSettingsFlowBody: { method: 'password', password: NEXT_PASSWORD, csrf_token: csrf(next) },
  });
  assert.equal(changed.state, 'success');
  await loginPage('page-renamed@example.org', NEXT_PASSWORD);
  await refused(browser().api.createBrowserSettingsFlow(), 401, 'session_inactive');
}

async function browserSessions() {
  const email = 'page-sessions@example.org';
  const first = await registerPage(email);
  const second = await loginPage(email, PASSWORD);
  const third = await loginPage(email, PASSWORD);
  const { data: others } = await first.api.listMySessions();
  assert.equal(others.length, 2);
  const { data: session } = await second.api.toSession();
  assert.equal((await first.api.disableMySession({ id: session.id })).status, 204);
  await refused(second.api.toSession(), 401);
  assert.equal((await first.api.disableMyOtherSessions()).data.count, 2);
  await refused(third.api.toSession(), 401);
  assert.equal((await first.api.toSession()).status, 200);
}

async function browserLogout() {
  const { api, jar } = await registerPage('page-logout@example.org');
  const { data: flow } = await api.createBrowserLogoutFlow();
  assert.equal(flow.logout_url, `${PUBLIC}/self-service/logout?token=${flow.logout_token}`);
  await refused(api.updateLogoutFlow({ token: 'x'.repeat(32) }), 403);
  const before = jar.size;
  assert.equal((await api.updateLogoutFlow({ token: flow.logout_token })).status, 204);
  assert.equal(jar.size, before - 1);
  await refused(api.toSession(), 401);
  await refused(api.createBrowserLogoutFlow(), 401, 'session_inactive');
}

// ---- an administrator ----

const admin = () => new IdentityApi(new Configuration({ basePath: ADMIN }));

const person = (email, more = {}) => ({ createIdentityBody: { schema_id: 'default', traits: { email }, ...more } });

const withPassword = (password) => ({ credentials: { password: { config: { password } } } });

// Members and types of an identity as the published description has them.
function checkShape(identity) {
  assert.match(identity.id, UUID);
  for (const name of ['schema_id', 'schema_url', 'created_at', 'updated_at']) {
    assert.equal(typeof identity[name], 'string', name);
  }
  assert.ok(['active', 'inactive'].includes(identity.state));
  assert.ok(identity.traits && typeof identity.traits === 'object');
  assert.equal(identity.organization_id, null);
  for (const list of ['verifiable_addresses', 'recovery_addresses']) {
    for (const address of identity[list] ?? []) {
      assert.match(address.id, UUID);
      assert.ok(['email', 'sms'].includes(address.via) && typeof address.value === 'string');
    }
  }
  for (const [type, credential] of Object.entries(identity.credentials ?? {})) {
    assert.equal(credential.type, type);
    assert.ok(Array.isArray(credential.identifiers) && Number.isInteger(credential.version));
  }
}

function checkListedSession(session) {
  assert.match(session.id, UUID);
  assert.equal(typeof session.active, 'boolean');
  assert.ok(['aal1', 'aal2'].includes(session.authenticator_assurance_level));
  assert.ok(Array.isArray(session.authentication_methods) && Array.isArray(session.devices));
  for (const name of ['expires_at', 'authenticated_at', 'issued_at']) {
    assert.ok(!Number.isNaN(Date.parse(session[name])), name);
  }
}

async function signIn(email, password) {
  const { data: flow } = await native().createNativeLoginFlow();
  const { data } = await native().updateLoginFlow({
    flow: flow.id, updateLoginFlowBody: { method: 'password', identifier: email, password },
  });
  return data;
}

const wrongSignIn = (email, password) => refused(signIn(email, password), 400);

async function identitiesChange() {
  const api = admin();
  const { data: made } = await api.createIdentity(person('change@example.org', {
    ...withPassword(PASSWORD), external_id: 'crm/17', metadata_admin: { note: 1 }, metadata_public: { plan: 'free' },
    verifiable_addresses: [{ value: 'change@example.org', verified: true, via: 'email', status: 'completed' }],
  }));
  checkShape(made);
  assert.equal(made.verifiable_addresses[0].verified, true);
  assert.equal((await api.getIdentityByExternalID({ externalID: 'crm/17' })).data.id, made.id);
  await refused(api.getIdentityByExternalID({ externalID: 'crm/18' }), 404);
  await refused(api.createIdentity(person('other@example.org', { external_id: 'crm/17' })), 409);

  const session = await signIn('change@example.org', PASSWORD);
  const { data: patched } = await api.patchIdentity({ id: made.id, jsonPatch: [
    { op: 'replace', path: '/metadata_public/plan', value: 'pro' },
    { op: 'add', path: '/metadata_admin/list', value: [1] },
    { op: 'remove', path: '/metadata_admin/note' },
  ] });
  checkShape(patched);
  assert.deepEqual(patched.metadata_public, { plan: 'pro' });
  assert.deepEqual(patched.metadata_admin, { list: [1] });
  // The address stays verified, since its value stayed; the session goes on.
  assert.equal(patched.verifiable_addresses[0].verified, true);
  assert.equal(patched.verifiable_addresses[0].id, made.verifiable_addresses[0].id);
  await native().toSession({ xSessionToken: session.session_token });
  for (const jsonPatch of [
    [{ op: 'replace', path: '/id', value: made.id }], [{ op: 'remove', path: '/credentials/password' }],
    [{ op: 'test', path: '/state', value: 'active' }], [{ op: 'remove', path: '/traits/nothing' }],
    [{ op: 'replace', path: '/traits/email', value: 'no address' }],
    [{ op: 'replace', path: '/state', value: 'asleep' }], [{ op: 'add', path: '/surprise', value: 1 }],
  ]) {
    await refused(api.patchIdentity({ id: made.id, jsonPatch }), 400);
  }
  await refused(api.patchIdentity({ id: session.session.id, jsonPatch: [] }), 404);

  const { data: put } = await api.updateIdentity({ id: made.id, updateIdentityBody: {
    schema_id: 'default', state: 'active', traits: { email: 'changed@example.org' }, metadata_public: null,
    ...withPassword(NEXT_PASSWORD),
  } });
  checkShape(put);
  assert.ok(!('external_id' in put));
  assert.equal(put.verifiable_addresses[0].verified, false);
  await refused(native().toSession({ xSessionToken: session.session_token }), 401);
  await wrongSignIn('change@example.org', PASSWORD);
  await wrongSignIn('changed@example.org', PASSWORD);
  const again = await signIn('changed@example.org', NEXT_PASSWORD);
  await api.createIdentity(person('taken@example.org'));
  await refused(api.updateIdentity({ id: made.id, updateIdentityBody: {
    schema_id: 'default', state: 'active', traits: { email: 'taken@example.org' } } }), 409);
  await refused(api.updateIdentity({ id: made.id, updateIdentityBody: {
    schema_id: 'nowhere', state: 'active', traits: { email: 'x@example.org' } } }), 400);
  // Deactivated: signed out at once, and no way in.
  await api.patchIdentity({ id: made.id, jsonPatch: [{ op: 'replace', path: '/state', value: 'inactive' }] });
  await refused(native().toSession({ xSessionToken: again.session_token }), 401);
  await refused(api.deleteIdentityCredentials({ id: made.id, type: 'totp' }), 404);
  await refused(api.deleteIdentityCredentials({ id: made.id, type: 'password' }), 400);
  await refused(api.deleteIdentityCredentials({ id: made.id, type: 'code' }), 400);
}

async function hashesAreTakenOver() {
  const api = admin();
  const hash = '$pbkdf2-sha256$i=1000,l=32$dHJhY2Utc2FsdC0wMTIzeA$';
  await refused(api.createIdentity(person('h0@example.org',
    { credentials: { password: { config: { hashed_password: '$unknown$1' } } } })), 400);
  await refused(api.createIdentity(person('h0@example.org',
    { credentials: { password: { config: { hashed_password: hash } } } })), 400);
  await refused(api.createIdentity(person('h0@example.org',
    { credentials: { oidc: { config: { providers: [] } } } })), 400);
  const { data } = await api.createIdentity(person('h1@example.org', { credentials: { password: { config: {
    hashed_password: '$md5-crypt$TVEiiKNb$SN6/pUaRQS/E8Jh46As2C/' } } } }));
  const stored = async () => (await api.getIdentity({ id: data.id, includeCredential: ['password'] }))
    .data.credentials.password.config.hashed_password;
  assert.match(await stored(), /^\$md5-crypt\$/);
  await wrongSignIn('h1@example.org', 'tesT');
  // Two first sign-ins at once: both succeed, and one slot is left.
  const both = await Promise.all([signIn('h1@example.org', 'test'), signIn('h1@example.org', 'test')]);
  assert.equal(both.length, 2);
  assert.match(await stored(), /^\$(argon2id|2b)\$/);
  await signIn('h1@example.org', 'test');
}

async function identitiesInBatches() {
  const api = admin();
  const id = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const entry = (email, n) => ({ create: person(email).createIdentityBody, patch_id: id(n) });
  const batch = (identities) => api.batchPatchIdentities({ patchIdentitiesBody: { identities } });
  const many = Array.from({ length: 120 }, (_, i) => entry(`batch-${i}@example.org`, i));
  many.push(entry('batch-7@example.org', 200), entry('no address', 201));
  const { data } = await batch(many);
  assert.equal(data.identities.length, many.length);
  assert.equal(data.identities.filter((x) => x.action === 'create').length, 120);
  assert.equal(data.identities[120].error.code, 409);
  assert.equal(data.identities[121].error.code, 400);
  assert.equal(data.identities[120].patch_id, id(200));
  assert.deepEqual((await batch([])).data, { identities: [] });
  await refused(batch([{ create: { traits: {} }, patch_id: 'x' }]), 400);
  await refused(batch([entry('b1@example.org', 1), { create: person('b2@example.org',
    { credentials: { password: { config: { hashed_password: 'nothing' } } } }).createIdentityBody }]), 400);
  assert.deepEqual((await api.listIdentities({ credentialsIdentifier: 'b1@example.org' })).data, []);
  await refused(batch(Array.from({ length: 1001 }, (_, i) => entry(`m${i}@example.org`, i))), 400);

  // Every identity once, whatever the size of the pages.
  const seen = new Set();
  for (let token; ;) {
    const page = await api.listIdentities({ pageSize: 50, pageToken: token });
    page.data.forEach((x) => (checkShape(x), assert.ok(!seen.has(x.id)), seen.add(x.id)));
    const next = /page_token=([^>&]*)>; rel="next"/.exec(page.headers.link);
    if (!next) break;
    token = decodeURIComponent(next[1]);
  }
  assert.ok(seen.size >= 120);
  const ids = data.identities.slice(0, 2).map((x) => x.identity);
  assert.deepEqual((await api.listIdentities({ ids })).data.map((x) => x.id), ids);
  const similar = await api.listIdentities({ previewCredentialsIdentifierSimilar: 'BATCH-11', pageSize: 4 });
  assert.equal(similar.data.length, 4);
  assert.match(similar.headers.link, /preview_credentials_identifier_similar=BATCH-11>; rel="next"/);
  assert.deepEqual((await api.listIdentities({ organizationId: id(1) })).data, []);
  const old = await api.listIdentities({ page: 1, perPage: 20 });
  assert.equal(old.data.length, 20);
  assert.ok(Number(old.headers['x-total-count']) >= 120);
  await refused(api.listIdentities({ ids: ['nope'] }), 400);
  await refused(api.listIdentities({ ids, credentialsIdentifier: 'x' }), 400);
  await refused(api.listIdentities({ includeCredential: ['nope'] }), 400);
  await refused(api.listIdentities({ pageToken: 'nope' }), 400);
}

async function sessionsOfEverybody() {
  const api = admin();
  const { data: made } = await api.createIdentity(person('sessions@example.org', withPassword(PASSWORD)));
  const first = await signIn('sessions@example.org', PASSWORD);
  const second = await signIn('sessions@example.org', PASSWORD);
  const id = first.session.id;
  checkListedSession((await api.getSession({ id })).data);
  const { data: full } = await api.getSession({ id, expand: ['identity', 'devices'] });
  assert.equal(full.identity.id, made.id);
  assert.equal(full.devices.length, 1);
  const { data: extended } = await api.extendSession({ id });
  assert.ok(Date.parse(extended.expires_at) >= Date.parse(first.session.expires_at));
  await native().toSession({ xSessionToken: first.session_token });
  assert.equal((await api.listIdentitySessions({ id: made.id, active: true })).data.length, 2);
  assert.equal((await api.disableSession({ id })).status, 204);
  assert.equal((await api.disableSession({ id })).status, 204);
  await refused(native().toSession({ xSessionToken: first.session_token }), 401);
  assert.equal((await api.extendSession({ id })).data.active, false);
  assert.deepEqual((await api.listIdentitySessions({ id: made.id, active: false })).data.map((x) => x.id), [id]);

  const seen = new Map();
  for (let token; ;) {
    const page = await api.listSessions({ pageSize: 3, pageToken: token, expand: ['identity'] });
    page.data.forEach((x) => (checkListedSession(x), assert.ok(!seen.has(x.id)), seen.set(x.id, x)));
    const next = /page_token=([^>&]*)>; rel="next"/.exec(page.headers.link);
    if (!next) break;
    token = decodeURIComponent(next[1]);
  }
  assert.equal(seen.get(id).active, false);
  assert.equal(seen.get(second.session.id).identity.id, made.id);
  const { data: active } = await api.listSessions({ active: true, pageSize: 500 });
  assert.ok(active.every((x) => x.active) && active.some((x) => x.id === second.session.id));

  assert.equal((await api.deleteIdentitySessions({ id: made.id })).status, 204);
  await refused(native().toSession({ xSessionToken: second.session_token }), 401);
  await refused(api.deleteIdentitySessions({ id: made.id }), 404);
  assert.deepEqual((await api.listIdentitySessions({ id: made.id })).data, []);
  await refused(api.getSession({ id }), 404);
  await refused(api.disableSession({ id }), 404);
  await refused(api.extendSession({ id }), 404);
  await refused(api.getSession({ id: 'nope' }), 400);
  await refused(api.listSessions({ pageToken: 'nope' }), 400);
}

async function administration() {
  const api = new IdentityApi(new Configuration({ basePath: ADMIN }));
  const { data: made, status } = await api.createIdentity({
    createIdentityBody: {
      schema_id: 'default',
      traits: { email: 'made@example.org' },
      credentials: { password: { config: { password: PASSWORD } } },
    },
  });
  assert.equal(status, 201);
  assert.deepEqual(made.credentials.password.identifiers, ['made@example.org']);
  await login(native(), 'made@example.org', PASSWORD);
  assert.equal((await api.getIdentity({ id: made.id })).data.id, made.id);
  const { data: found } = await api.listIdentities({ credentialsIdentifier: 'made@example.org' });
  assert.deepEqual(found.map((i) => i.id), [made.id]);
  assert.ok((await api.listIdentities({ pageSize: 1 })).data.length === 1);
  assert.equal((await api.deleteIdentity({ id: made.id })).status, 204);
  await refused(api.getIdentity({ id: made.id }), 404);
}

// ---- counting ----

const tests = [
  nativeRegistration, nativeLogin, nativeSettings, nativeSessions, nativeLogout,
  browserRegistration, browserLogin, browserSettings, browserSessions, browserLogout,
  administration,
  identitiesChange,
  hashesAreTakenOver,
  identitiesInBatches,
  sessionsOfEverybody,
];
let failed = 0;
for (const test of tests) {
  try {
    await test();
    console.log(`ok - ${test.name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${test.name}\n${error.stack}`);
    if (error.response) {
      console.log(error.config?.method, error.config?.url, error.response.status, JSON.stringify(error.response.data));
    }
  }
}
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
