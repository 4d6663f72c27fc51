// SPDX-License-Identifier: Apache-2.0
// Two HTTP servers of Node's that answer every request with what they read (tests/reading_door.cpp says how): one with the
// parser as it is, one with the lenient one. For tests/stories/smuggling.py. Prints their ports.
import http from 'node:http';

const ports = {};
for (const [name, insecureHTTPParser] of [['strict', false], ['lenient', true]]) {
  const server = http.createServer({ insecureHTTPParser, requireHostHeader: false }, (request, response) => {
    const pieces = [];
    request.on('error', () => {});
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const read = { method: request.method, target: request.url, body: Buffer.concat(pieces).toString('base64'), whole: true };
      response.writeHead(200, { 'X-Read': Buffer.from(JSON.stringify(read)).toString('base64'), 'Content-Length': 0 });
      response.end();
    });
  });
  // Later: a request before the one that cannot be read has been read, and is still to be answered.
  server.on('clientError', (error, socket) => setTimeout(() => socket.destroy(), 20));
  server.listen(0, '127.0.0.1', () => {
    ports[name] = server.address().port;
    if (Object.keys(ports).length === 2) process.stdout.write(`${JSON.stringify(ports)}\n`);
  });
}
