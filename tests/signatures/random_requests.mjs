// SPDX-License-Identifier: Apache-2.0
// Signed requests by chance, from a seed: as HubSpot may send them, and as proxies, frameworks, clocks, mistakes and
// attackers may change them on the way.
import { documentedUrl, signature } from './independent.mjs';

export const NOW = 1_790_000_000_000;

// Mulberry32: small, and the same everywhere.
export function chances(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return { below, pick: (list) => list[below(list.length)], often: (share) => next() < share };
}

const escapes = ['%3A', '%2F', '%3F', '%40', '%21', '%24', '%27', '%28', '%29', '%2A', '%2C', '%3B', '%20', '%22', '%23', '%25', '%26',
  '%2B', '%3C', '%3D', '%3E', '%5B', '%7B', '%253A', '%C3%AB', '%3a', '%2f', '%2a', '%c3%ab', '+'];
const words = ['hooks', 'crm', 'a', 'portalId', '8801234', 'x.y', '~u', "it's", 'a:b', 'q@r', '1,2;3'];
const texts = ['lead', '', 'Zoë', '東京 🚀', 'a\\b"c', '\u2028', 'REDACTED', '%3A', ' x '];

const text = (chance) => {
  let made = chance.pick(words);
  while (chance.often(0.45)) made += chance.often(0.5) ? chance.pick(escapes) : chance.pick(words);
  return made;
};

function urlOf(chance) {
  let url = `https://${chance.pick(['gw.example.com', 'hooks.example.org', 'xn--d1acufc.example'])}${chance.pick(['', '', ':8443', ':443'])}`;
  for (let i = chance.below(4); i >= 0; --i) url += `/${text(chance)}`;
  if (chance.often(0.2)) url += '/';
  if (chance.often(0.5)) {
    url += '?';
    for (let i = chance.below(4); i >= 0; --i) url += `${text(chance)}=${text(chance)}${i ? '&' : ''}`;
  }
  return url;
}

function bodyOf(chance) {
  const kind = chance.below(20);
  if (kind === 0) return Buffer.from('');
  if (kind === 1) return Buffer.from(chance.pick(['not JSON', '5', 'null', '"x"', '[1,', "{'a':1}", '\ufeff', '[]]']));
  if (kind === 2) return Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0x80 + chance.below(128)]), Buffer.from('"}]')]);
  if (kind === 3) return Buffer.from(JSON.stringify({ objectId: chance.below(1e9), properties: { [text(chance)]: chance.pick(texts) } }));
  const events = [];
  const old = chance.often(0.05) ? 8 * 86_400_000 : 0;
  for (let i = chance.pick([0, 0, 0, 1, 2, 9]); i >= 0; --i) {
    const occurred = NOW - old - chance.below(86_400_000);
    events.push({ eventId: chance.below(1e9), subscriptionId: 2001, portalId: 8801234, appId: 551122, occurredAt: occurred,
      subscriptionType: 'contact.propertyChange', attemptNumber: chance.below(11), objectId: chance.below(1e9),
      propertyName: 'lifecyclestage', propertyValue: chance.pick(texts), changeSource: 'CRM_UI', sourceId: 'userId:42' });
  }
  let json = chance.often(0.8) ? JSON.stringify(events) : JSON.stringify(events, null, chance.pick([1, 2, '\t']));
  if (chance.often(0.1)) json = json.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (chance.often(0.05)) json = `\ufeff${json}`;
  return Buffer.from(json + chance.pick(['', '', '', '\n', '\r\n']));
}

const secretOf = (chance) => `${chance.pick(['3f2a9c1e-7b64-4d0f-9a51-', 's3crét-密钥-', ''])}${chance.below(1e12).toString(36)}x`;

const ages = [0, 1, 1500, 299_999, 300_000, 300_001, 86_400_000, -1, -2000, -60_000, -60_001, -600_000];
const stampOf = (chance) => chance.often(0.75) ? `${NOW - chance.below(300_000)}`
  : chance.often(0.6) ? `${NOW - chance.pick(ages)}`
    : chance.pick(['', 'abc', '1.79e12', `${NOW / 1000}`, `${NOW}0`, `+${NOW}`, ` ${NOW}`, '0x1a0c52', `${NOW}.0`, '١٧٩٠٠٠٠٠٠٠٠٠٠']);

const flipped = (chance, body) => {
  if (!body.length) return Buffer.from(' ');
  const copy = Buffer.from(body);
  copy[chance.below(copy.length)] ^= 1 << chance.below(8);
  return copy;
};

// What may happen to a request after it was signed. Each changes it in place.
const misfortunes = [
  (r, c) => { r.body = flipped(c, r.body); },
  (r) => { r.body = Buffer.concat([r.body, Buffer.from('\n')]); },
  (r) => { r.body = Buffer.from(`${r.body}`.replaceAll(',"', ', "')); },
  (r, c) => { r.method = c.pick(['GET', 'PUT', 'PATCH', 'post']); },
  (r) => { r.url = r.url.replace('https:', 'http:'); },
  (r) => { r.url = r.url.endsWith('/') ? r.url.slice(0, -1) : `${r.url}/`; },
  (r) => { r.url = r.url.split('?')[0]; },
  (r) => { r.url = documentedUrl(r.url); },
  (r, c) => { r.fields.splice(c.below(r.fields.length), 1); },
  (r, c) => { r.fields.push([...c.pick(r.fields)]); },
  (r, c) => { const field = c.pick(r.fields); field[1] = c.often(0.5) ? field[1].toUpperCase() : field[1].slice(0, -1); },
  (r, c) => { const field = c.pick(r.fields); field[1] = field[1].replaceAll('+', '-').replaceAll('/', '_'); },
  (r, c) => { const field = c.pick(r.fields); field[1] = c.pick(['', 'v1', 'v2', 'v3', 'V1', `${NOW - 5}`, Buffer.from(field[1], 'base64').toString('hex')]); },
  (r, c) => { r.fields.push(['Content-Encoding', c.pick(['gzip', 'identity', 'Identity'])]); },
  (r, c) => { r.secret = secretOf(c); },
];

export function randomRequest(chance) {
  const secret = secretOf(chance), url = urlOf(chance), body = bodyOf(chance);
  const request = { now: NOW, secret, accepted: chance.often(0.8) ? ['v1', 'v2', 'v3'] : chance.pick([['v2', 'v3'], ['v3'], ['v1']]),
    method: chance.pick(['POST', 'POST', 'POST', 'GET', 'PUT', 'PATCH', 'DELETE']), url, body, fields: [] };
  if (chance.often(0.3)) request.previous = secretOf(chance);
  const signer = request.previous && chance.often(0.5) ? request.previous : secret;
  const stamp = stampOf(chance);
  const third = chance.often(0.6);
  if (third) {
    const how = chance.often(0.85) ? documentedUrl : chance.pick([(u) => u, (u) => documentedUrl(u.replace(/%../g, (e) => e.toUpperCase())), decodeURI]);
    request.fields.push(['X-HubSpot-Signature-v3', signature('v3', signer, request.method, how(url), body, stamp)]);
    request.fields.push(['X-HubSpot-Request-Timestamp', stamp]);
  }
  if (!third || chance.often(0.4)) {
    const version = chance.pick(['v1', 'v2']);
    request.fields.push(['X-HubSpot-Signature', signature(version, signer, request.method, url, body)]);
    request.fields.push(['X-HubSpot-Signature-Version', version]);
  }
  while (request.fields.length && chance.often(0.35)) chance.pick(misfortunes)(request, chance);
  for (const field of request.fields) if (chance.often(0.3)) field[0] = field[0].toLowerCase();
  return request;
}
