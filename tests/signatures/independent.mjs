// SPDX-License-Identifier: Apache-2.0
// The strict policy of docs/webhooks.md once more, from HubSpot's documentation and Node's crypto alone: what Hubward
// says of a request must be what this says.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const FIVE_MINUTES = 300_000, ONE_MINUTE = 60_000, SEVEN_DAYS = 7 * 86_400_000;
const table = { '%3A': ':', '%2F': '/', '%3F': '?', '%40': '@', '%21': '!', '%24': '$', '%27': "'", '%28': '(', '%29': ')',
  '%2A': '*', '%2C': ',', '%3B': ';' };

export const documentedUrl = (url) => url.replace(/%3A|%2F|%3F|%40|%21|%24|%27|%28|%29|%2A|%2C|%3B/g, (escape) => table[escape]);

export function digest(version, secret, method, url, body, timestamp) {
  if (version === 'v3') return createHmac('sha256', secret).update(method + url).update(body).update(timestamp).digest();
  const hash = createHash('sha256').update(secret);
  if (version === 'v2') hash.update(method + url);
  return hash.update(body).digest();
}

export const signature = (version, ...rest) => digest(version, ...rest).toString(version === 'v3' ? 'base64' : 'hex');

export const utf8 = (body) => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body); // drops a byte order mark
  } catch {
    return null;
  }
};

function valuesOf(request, name) {
  return request.fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

// "genuine v3 current", or why not.
export function judge(request) {
  const v3 = valuesOf(request, 'x-hubspot-signature-v3'), stamp = valuesOf(request, 'x-hubspot-request-timestamp');
  const older = valuesOf(request, 'x-hubspot-signature'), named = valuesOf(request, 'x-hubspot-signature-version');
  const encodings = valuesOf(request, 'content-encoding');
  if ([v3, stamp, older, named, encodings].some((values) => values.length > 1)) return 'repeated_field';
  if (encodings.some((value) => value.toLowerCase() !== 'identity')) return 'encoded_body';
  const text = v3.length ? v3[0] : older[0];
  if (!text) return 'no_signature';
  const version = v3.length ? 'v3' : named[0];
  if (!['v1', 'v2', 'v3'].includes(version) || (version === 'v3' && !v3.length)) return 'version_unknown';
  if (!request.accepted.includes(version)) return 'version_not_accepted';
  if (version === 'v3') {
    if (!stamp.length) return 'no_timestamp';
    if (!/^[0-9]{13}$/.test(stamp[0])) return 'timestamp_malformed';
    if (request.now - Number(stamp[0]) > FIVE_MINUTES) return 'too_old';
    if (Number(stamp[0]) - request.now > ONE_MINUTE) return 'too_new';
  }
  const sent = Buffer.from(text, version === 'v3' ? 'base64' : 'hex');
  if (sent.length !== 32 || sent.toString(version === 'v3' ? 'base64' : 'hex') !== text) return 'signature_malformed';
  const upper = request.url.replace(/%[0-9a-fA-F]{2}/g, (escape) => escape.toUpperCase());
  const urls = version === 'v3' ? [documentedUrl(request.url), request.url, documentedUrl(upper)] : [request.url];
  const secrets = [['current', request.secret], ['previous', request.previous]].filter(([, secret]) => secret !== undefined);
  const found = secrets.find(([, secret]) =>
    urls.some((url) => timingSafeEqual(digest(version, secret, request.method, url, request.body, stamp[0]), sent)));
  if (!found) return 'mismatch';
  const body = utf8(request.body);
  if (body === null) return 'body_not_utf8';
  if (version !== 'v3' && request.body.length) {
    let parsed = null;
    try {
      parsed = JSON.parse(body);
    } catch { /* stays null */ }
    if (parsed === null || typeof parsed !== 'object') return 'body_not_json';
    if (Array.isArray(parsed) && parsed.some((event) => request.now - event?.occurredAt > SEVEN_DAYS)) return 'event_too_old';
  }
  return `genuine ${version} ${found[0]}`;
}
