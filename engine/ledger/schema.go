package ledger

// schemaVersion is what this code reads and writes; a newer ledger is refused rather than misread.
const schemaVersion = 1

// beganIndex finds the work of an address in the order in which it was begun.
const beganIndex = `CREATE INDEX IF NOT EXISTS work_began ON work (address, attempt);`

// openIndex finds the files of an address that are not dealt with.
const openIndex = `CREATE INDEX IF NOT EXISTS file_open ON file (address) WHERE ` + notDealtWith + `;`

const notDealtWith = `state NOT IN ('done', 'duplicate')`

// scratchTable holds the folders that processes write in, see scratch.go.
const scratchTable = `CREATE TABLE IF NOT EXISTS scratch (
  folder TEXT NOT NULL, process TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (folder, process)
) WITHOUT ROWID;`

// sinceMade gives a ledger that an earlier dropform made what has come since, and takes what nobody reads.
const sinceMade = `DROP INDEX IF EXISTS attempt_work;` + beganIndex + openIndex + scratchTable

// schemaSQL makes an empty ledger. Times are Unix nanoseconds; digests are SHA-256 in lower-case hex.
// Nothing here is particular to SQLite but how ids are given, so that the same tables can live on PostgreSQL. Where rows are never
// taken away ids grow without AUTOINCREMENT, which costs a page more in each transaction.
const schemaSQL = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE process (
  id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, command TEXT NOT NULL,
  started_at INTEGER NOT NULL
);

CREATE TABLE claim (
  key TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, lease_until INTEGER NOT NULL
);

CREATE TABLE system (id INTEGER PRIMARY KEY AUTOINCREMENT, merged_into INTEGER REFERENCES system(id));
CREATE TABLE system_alias (alias TEXT PRIMARY KEY, system INTEGER NOT NULL REFERENCES system(id));

CREATE TABLE definition (
  address TEXT PRIMARY KEY, digest TEXT NOT NULL, attributes TEXT NOT NULL,
  first_applied_at INTEGER NOT NULL, applied_at INTEGER NOT NULL
);

CREATE TABLE work (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL, address TEXT NOT NULL, item TEXT NOT NULL,
  system INTEGER NOT NULL REFERENCES system(id), endpoint TEXT NOT NULL,
  object TEXT NOT NULL, object_key TEXT NOT NULL, method TEXT NOT NULL, method_key TEXT NOT NULL,
  digest TEXT NOT NULL, source_digest TEXT NOT NULL, size INTEGER NOT NULL, request INTEGER NOT NULL,
  definition TEXT NOT NULL, slot_at INTEGER NOT NULL,
  state TEXT NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL,
  attempt INTEGER NOT NULL, remote_id TEXT NOT NULL,
  class TEXT NOT NULL, message TEXT NOT NULL, path TEXT NOT NULL,
  result_digest TEXT NOT NULL, result_rows INTEGER NOT NULL, result_size INTEGER NOT NULL,
  sent_at INTEGER NOT NULL, ended_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX work_content ON work (system, object_key, method_key, digest, request) WHERE kind = 'import';
CREATE UNIQUE INDEX work_slot ON work (address, item, request) WHERE kind = 'export';
CREATE UNIQUE INDEX work_call ON work (system, method_key, digest, object_key, request) WHERE ` + ofCalls + `;
CREATE INDEX work_item ON work (address, item);
` + beganIndex + `
CREATE INDEX work_run ON work (address, slot_at) WHERE kind = 'export';
CREATE INDEX work_digest ON work (digest) WHERE ` + ofCalls + `;
CREATE INDEX work_source ON work (source_digest);
CREATE INDEX work_open ON work (state) WHERE ` + unfinished + `;

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, work INTEGER NOT NULL REFERENCES work(id),
  owner TEXT NOT NULL, started_at INTEGER NOT NULL,
  remote_id TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
  ended_at INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE call (
  work INTEGER PRIMARY KEY REFERENCES work(id),
  file TEXT NOT NULL, line INTEGER NOT NULL, source INTEGER NOT NULL,
  request_digest TEXT NOT NULL, sent TEXT NOT NULL, answer TEXT NOT NULL
);
CREATE INDEX call_source ON call (source) WHERE source <> 0;

CREATE TABLE held (
  system INTEGER NOT NULL REFERENCES system(id),
  kind TEXT NOT NULL, document TEXT NOT NULL, key TEXT NOT NULL,
  place INTEGER NOT NULL, work INTEGER NOT NULL REFERENCES work(id),
  PRIMARY KEY (system, kind, document, key, place)
) WITHOUT ROWID;
CREATE INDEX held_work ON held (work);
CREATE INDEX held_behind ON held (place) WHERE place > 0;

CREATE TABLE approval (
  address TEXT NOT NULL, item TEXT NOT NULL,
  file TEXT NOT NULL, file_digest TEXT NOT NULL, request_digest TEXT NOT NULL, digest TEXT NOT NULL,
  at INTEGER NOT NULL, approved_by TEXT NOT NULL, approved_at INTEGER NOT NULL, used INTEGER NOT NULL,
  shown TEXT NOT NULL
);
CREATE UNIQUE INDEX approval_item ON approval (address, item);
CREATE INDEX approval_open ON approval (address) WHERE used = 0;

CREATE TABLE owed (
  id INTEGER PRIMARY KEY AUTOINCREMENT, work INTEGER NOT NULL REFERENCES work(id),
  path TEXT NOT NULL, header TEXT NOT NULL, text TEXT NOT NULL
);

CREATE TABLE taken_over (address TEXT PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL);

CREATE TABLE file (
  address TEXT NOT NULL, name TEXT NOT NULL,
  size INTEGER NOT NULL, mod_time INTEGER NOT NULL, change_time INTEGER NOT NULL, file_id TEXT NOT NULL,
  digest TEXT NOT NULL, state TEXT NOT NULL, work INTEGER NOT NULL, checked TEXT NOT NULL,
  message TEXT NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (address, name)
) WITHOUT ROWID;

CREATE TABLE filing (
  id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, item TEXT NOT NULL,
  source TEXT NOT NULL, target TEXT NOT NULL, kept TEXT NOT NULL,
  size INTEGER NOT NULL, mod_time INTEGER NOT NULL, change_time INTEGER NOT NULL, file_id TEXT NOT NULL,
  digest TEXT NOT NULL
);

CREATE INDEX filing_item ON filing (address, item);

CREATE TABLE written (
  path TEXT PRIMARY KEY, address TEXT NOT NULL, purpose TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX written_address ON written (address, purpose, at);

` + openIndex + scratchTable + `

CREATE TABLE event (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, address TEXT NOT NULL, item TEXT NOT NULL,
  what TEXT NOT NULL, message TEXT NOT NULL, who TEXT NOT NULL
);
CREATE INDEX event_address ON event (address, item);
`
