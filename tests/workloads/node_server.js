'use strict';
// An HTTP server on the loopback interface with a cache of parsed and rendered documents and of files. It prints "ready PID PORT",
// answers GET /ID, has no timers, and ends when its standard input does.
//
// usage: node [--expose-gc] node_server.js [RECORDS]

const http = require('http');

const records = Number(process.argv[2] || 5000);
const text = JSON.stringify(Array.from({ length: records }, (_, i) => ({
  id: i, name: `item ${i}`, price: i * 0.37, tags: ['red', 'green', String(i % 17)],
})));
const documents = JSON.parse(text);
const rendered = documents.map((document) => Buffer.alloc(4096, ' ').fill(JSON.stringify(document), 0, 64));
// Files that a server keeps in memory: the same bytes in every instance of it.
const assets = Array.from({ length: 8 }, (_, i) => {
  const asset = Buffer.allocUnsafeSlow(1 << 20);
  for (let offset = 0, line = 0; offset < asset.length; line++) {
    offset += asset.write(`asset ${i} line ${line} ${(line * 2654435761) >>> 0}\n`, offset);
  }
  return asset;
});

const server = http.createServer((request, response) => {
  const id = Number(request.url.slice(1)) % records;
  const body = id % 16 === 0 ? assets[id % assets.length].subarray(0, 64 << 10) : rendered[id];
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
});
// Idle connections would otherwise be looked for twice a minute, and the server would never be at rest.
server.connectionsCheckingInterval = 0x7fffffff;
server.keepAliveTimeout = 0;

server.listen(0, '127.0.0.1', () => {
  // With --expose-gc the garbage of the start-up is collected now, not at some later idle moment.
  if (global.gc) { global.gc(); global.gc(); }
  process.stdout.write(`ready ${process.pid} ${server.address().port}\n`);
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
