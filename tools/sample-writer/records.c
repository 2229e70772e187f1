/*
 * A table of as many MiB as are asked for, one record a page, of which each transaction changes a few that lie far apart.
 *
 * In: a database with counter and ledger. Out: pages written all over the file, first to the log and at each checkpoint in place.
 * Promised: which records a transaction changes follows from its number alone, and what a record holds from the transaction that
 * changed it last, so that an image whose pages are of different times shows it.
 */
#include "records.h"

#include <stddef.h>

/* How many records a transaction changes, and their turns. */
#define TOUCHED "4"
#define TURNS "(VALUES (0), (1), (2), (3))"
/* Multiplied and cut to 32 bits: neighbours in, strangers out. */
#define RECORD_OF(number, turn, count) "(1 + (((" number " * " TOUCHED " + " turn ") * 2654435761) & 4294967295) % (" count "))"
#define CONTENT(version) "replace(hex(zeroblob(110)), '00', printf('%032d', " version "))"

enum { PER_MIB = 256 };

const char *const record_rules[2] = {
    /* Grouped, not joined: a join with what is computed from the ledger would look at each pair. */
    "SELECT 'record ' || id || ' is of transaction ' || sum(version) || ', the ledger says ' || max(said)"
    " FROM (SELECT id, version, 0 AS said FROM record UNION ALL SELECT "
    RECORD_OF("l.id", "k.column1", "SELECT count(*) FROM record")
    ", 0, l.id FROM ledger l, " TURNS " k) GROUP BY id HAVING sum(version) <> max(said) LIMIT 1",
    "SELECT 'record ' || id || ' does not hold what transaction ' || version || ' wrote' FROM record WHERE content <> "
    CONTENT("version") " LIMIT 1",
};

static int64_t one_number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return -1;
  int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
  sqlite3_finalize(statement);
  return value;
}

int64_t records_create(sqlite3 *db, int64_t mib) {
  static const char create[] = "BEGIN IMMEDIATE;"
      "CREATE TABLE record(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, content TEXT NOT NULL)";
  static const char fill[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
      " INSERT INTO record SELECT i, 0, " CONTENT("0") " FROM n";
  sqlite3_stmt *statement;
  int64_t there = one_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'record'");
  if (there != 0) return there < 0 ? -1 : one_number(db, "SELECT count(*) FROM record");
  /* Records that came late would lack what the transactions before them did. */
  if (mib == 0 || one_number(db, "SELECT transactions FROM counter") != 0) return 0;
  if (sqlite3_exec(db, create, NULL, NULL, NULL) != SQLITE_OK) return -1;
  if (sqlite3_prepare_v2(db, fill, -1, &statement, NULL) != SQLITE_OK) return -1;
  sqlite3_bind_int64(statement, 1, mib * PER_MIB);
  sqlite3_step(statement);
  if (sqlite3_finalize(statement) != SQLITE_OK) return -1;
  /* The second, or the log would stay as large as the table. */
  if (sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) != SQLITE_OK) return -1;
  return mib * PER_MIB;
}

sqlite3_stmt *records_touch(sqlite3 *db, int64_t records) {
  static const char sql[] = "UPDATE record SET version = ?1, content = " CONTENT("?1") " WHERE id IN (SELECT "
      RECORD_OF("?1", "column1", "?2") " FROM " TURNS ")";
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return NULL;
  sqlite3_bind_int64(statement, 2, records);
  return statement;
}
