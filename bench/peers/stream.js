// SPDX-License-Identifier: MIT
// stream.js PORT SLOT PUBLICATION decode|json: npm's pg-logical-replication decodes a slot up to the
// first marker; "json" also makes a line of each change.
const { LogicalReplicationService, PgoutputPlugin } = require('pg-logical-replication');

const [port, slot, publication, how] = process.argv.slice(2);
const service = new LogicalReplicationService(
  { host: '127.0.0.1', port: Number(port), user: 'postgres', database: 'postgres' },
  { acknowledge: { auto: true, timeoutSeconds: 10 } });
let bytes = 0;

service.on('data', (lsn, log) => {
  if (how === 'json') {
    bytes += JSON.stringify(log, (key, value) => (typeof value === 'bigint' ? value.toString() : value)).length;
  }
  if (log.tag === 'insert' && log.relation.name === 'marker') {
    process.exit(0);
  }
});
service.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
service.subscribe(new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] }), slot);
