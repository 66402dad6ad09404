// A certified OpenID provider for the tests, which a test may steer: people, keys, clock, failures.
// Usage: node provider.mjs <port> <address of Sender>
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import MemoryAdapter from "./node_modules/oidc-provider/lib/adapters/memory_adapter.js";

const [port, sender] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const CLAIMS = [
  ...["name", "preferred_username", "realm_access", "resource_access"],
  ...["groups", "organization"],
];
const realNow = Date.now;
const wishes = {
  people: {}, // sub → claims
  claimsIn: "id_token", // or "userinfo", or "access_token" as Keycloak has it by default
  accessTokenTtl: 300, // seconds
  clockOffset: 0, // seconds that its clock is ahead
  down: false,
};
let keys = [newKey()];
let handle = build();
Date.now = () => realNow() + wishes.clockOffset * 1000;

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

function client(id, extra) {
  return {
    client_id: id,
    redirect_uris: [`${sender}/auth/callback`],
    post_logout_redirect_uris: [`${sender}/sign-in`],
    backchannel_logout_uri: `${sender}/auth/back-channel-logout`,
    backchannel_logout_session_required: true,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    ...extra,
  };
}

function build() {
  const inAccessToken = wishes.claimsIn === "access_token";
  const provider = new Provider(issuer, {
    clients: [
      client("sender", { client_secret: "a-secret-of-the-tests", token_endpoint_auth_method: "client_secret_basic" }),
      client("sender-public", { token_endpoint_auth_method: "none" }),
    ],
    adapter: class extends MemoryAdapter {}, // its sessions outlive a change of keys
    jwks: { keys },
    cookies: { keys: ["tests"] },
    claims: { openid: ["sub", "sid"], profile: inAccessToken ? ["name", "preferred_username"] : CLAIMS },
    conformIdTokenClaims: wishes.claimsIn === "userinfo",
    // Its guard against addresses of this machine would keep it from telling Sender of a logout.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    pkce: { required: () => true },
    ttl: { AccessToken: () => wishes.accessTokenTtl, IdToken: 300, Session: 86400, Grant: 86400, Interaction: 600, RefreshToken: 86400 },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    extraTokenClaims: (_, token) => (inAccessToken ? pick(token.accountId) : undefined),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: confirmLogout },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: inAccessToken,
        defaultResource: () => `${issuer}/account`,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "openid profile", accessTokenFormat: "jwt", accessTokenTTL: wishes.accessTokenTtl }),
      },
    },
    interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
    findAccount: (_, sub) => wishes.people[sub] && { accountId: sub, claims: () => ({ sub, ...wishes.people[sub] }) },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope("openid profile email offline_access");
      grant.addResourceScope(`${issuer}/account`, "openid profile");
      await grant.save();
      return grant;
    },
    renderError: (ctx, out) => {
      ctx.type = "text";
      ctx.body = JSON.stringify(out);
    },
  });
  provider.on("backchannel.error", (_, error) => console.error("back-channel logout", error));
  provider.on("server_error", (_, error) => console.error("server error", error));
  const callback = provider.callback();
  return async (request, response) => {
    const login = /^\/login\/[\w-]+(\/cancel)?$/.exec(request.url);
    if (!login) return callback(request, response);
    if (login[1]) {
      return provider.interactionFinished(request, response, { error: "access_denied" });
    }
    if (request.method === "POST") {
      const accountId = new URLSearchParams(await text(request)).get("sub");
      return provider.interactionFinished(request, response, { login: { accountId } });
    }
    response.setHeader("content-type", "text/html");
    response.end(`<h1>Provider</h1><form method="post"><input name="sub" aria-label="Who"><button>Sign in</button></form>
      <a href="${request.url}/cancel">Cancel</a>`);
  };
}

async function confirmLogout(ctx, form) {
  ctx.body = `<h1>Leaving</h1>${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`;
}

function pick(sub) {
  return Object.fromEntries(Object.entries(wishes.people[sub] ?? {}).filter(([name]) => CLAIMS.includes(name)));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

createServer(async (request, response) => {
  if (request.url === "/control") {
    const { rotate, ...changed } = JSON.parse(await text(request));
    Object.assign(wishes, changed);
    if (rotate) keys = [newKey()];
    handle = build();
    return response.end("{}");
  }
  if (wishes.down) {
    response.statusCode = 503;
    return response.end("down");
  }
  handle(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
