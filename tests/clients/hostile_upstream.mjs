// SPDX-License-Identifier: Apache-2.0
// An HTTPS server that reads as leniently as Node can, in HubSpot's place: hostile_upstream.mjs CERTIFICATE KEY ANSWERS,
// the last being JSON: what token info and account details are answered with. Prints its port; writes every request line
// that it believes to have read to standard error: when the request is whole, or "cut: " and the line when it breaks off.
import { readFileSync } from 'node:fs';
import https from 'node:https';

const [certificate, key, answers] = process.argv.slice(2);
const [tokenInfo, details] = JSON.parse(answers);

const server = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key), insecureHTTPParser: true,
  requireHostHeader: false }, (request, response) => {
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
  request.resume();
  request.on('error', () => process.stderr.write(`cut: ${line}\n`));
  request.on('end', () => {
    process.stderr.write(`${line}\n`);
    const answer = request.url.includes('access-token-info') ? tokenInfo : request.url.includes('/details') ? details : { results: [] };
    const body = JSON.stringify(answer);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.on('clientError', (error, socket) => {
  // A connection that is simply gone was no further request.
  if (!['ECONNRESET', 'HPE_INVALID_EOF_STATE'].includes(error.code)) process.stderr.write(`unreadable: ${error.code}\n`);
  socket.destroy();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
