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
  assert.equal(jar.size, 2); // the session's and the one against forgery
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
