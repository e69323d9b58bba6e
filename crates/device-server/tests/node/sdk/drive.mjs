// Drives every operation of the SDK's device client, as published, and prints what it got: one JSON object a line.
//
// node drive.mjs BASE_URL REALM_PATH USER_ID cookie|bearer TOKEN
import { deviceClient } from '@forgerock/javascript-sdk/device-client';

const [baseUrl, realmPath, userId, carrier, token] = process.argv.slice(2);
const newName = `Renamed by ${carrier}`;
let seen = [];

// A browser adds the cookie by itself, an application that uses bearer tokens wraps fetch. Nothing else is changed.
const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  if (carrier === 'cookie') request.headers.set('cookie', `iPlanetDirectoryPro=${token}`);
  else request.headers.set('authorization', `Bearer ${token}`);
  const response = await plainFetch(request);
  seen.push({ method: request.method, path: new URL(request.url).pathname, status: response.status });
  return response;
};

// A new client each time: the SDK keeps what it has listed.
const client = () => deviceClient({ serverConfig: { baseUrl }, realmPath });

async function step(name, call) {
  seen = [];
  const answer = await call(client());
  const error = answer?.error === undefined ? null : String(answer.error?.message ?? answer.error);
  console.log(JSON.stringify({ name, answer: error === null ? answer : null, error, requests: seen }));
  return answer;
}

for (const [kind, nameMember] of [
  ['oath', null],
  ['push', null],
  ['webAuthn', 'deviceName'],
  ['bound', 'deviceName'],
  ['profile', 'alias'],
]) {
  const [device] = await step(`${kind}.get`, (sdk) => sdk[kind].get({ userId }));
  if (nameMember !== null) {
    // The whole listed object with another name, as an application has it at hand.
    const renamed = { ...device, [nameMember]: newName };
    await step(`${kind}.update`, (sdk) => sdk[kind].update({ userId, device: renamed }));
    await step(`${kind}.get`, (sdk) => sdk[kind].get({ userId }));
  }
  // With the `_rev` it was listed with, which is out of date by now.
  await step(`${kind}.delete`, (sdk) => sdk[kind].delete({ userId, device }));
  await step(`${kind}.get`, (sdk) => sdk[kind].get({ userId }));
}
