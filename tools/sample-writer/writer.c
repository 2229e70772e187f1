/*
 * A live database for the quick start and the tests: moves money between accounts, over and over, through SQLite.
 *
 * In: a database file and a rate. Out: with --ledger one line `N unix-ms` for each transaction once its commit has returned.
 * Promised: whichever transaction an image of the file ends with, these hold: the balances add up to the fixed total, each balance
 * is what the ledger says, and the ledger has exactly as many rows, densely numbered, as the counter row; and of a large table,
 * where one was asked for, each record is the one that the last transaction to change it wrote. --check tests that.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "records.h"
#include "sqlite3.h"
#include "verdict.h"

#define ACCOUNTS 200
#define OPENING_BALANCE 1000

static volatile sig_atomic_t stopping = 0;
static const char *database_path = "";

static void on_stop(int signal_number) {
  (void)signal_number;
  stopping = 1;
}

static void fail(const char *what, sqlite3 *db) {
  fprintf(stderr, "sample-writer: %s: %s: %s\n", database_path, what, db ? sqlite3_errmsg(db) : strerror(errno));
  exit(1);
}

static int64_t wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql, db);
}

static int64_t number_of(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail(sql, db);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql, db);
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

/* ------------------------------------------------------------------------------------------------------ writing */

static void create_schema(sqlite3 *db) {
  char seed[512];
  run(db, "BEGIN IMMEDIATE");
  run(db, "CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, padding BLOB NOT NULL)");
  run(db, "CREATE TABLE IF NOT EXISTS ledger(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, source INTEGER NOT NULL,"
          " destination INTEGER NOT NULL, amount INTEGER NOT NULL, note TEXT NOT NULL)");
  run(db, "CREATE INDEX IF NOT EXISTS ledger_by_source ON ledger(source, id)");
  run(db, "CREATE TABLE IF NOT EXISTS counter(one INTEGER PRIMARY KEY CHECK (one = 1), transactions INTEGER NOT NULL,"
          " total INTEGER NOT NULL)");
  if (number_of(db, "SELECT count(*) FROM account") == 0) {
    snprintf(seed, sizeof seed,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO account SELECT i, %d, zeroblob(180) FROM n",
             ACCOUNTS, OPENING_BALANCE);
    run(db, seed);
    snprintf(seed, sizeof seed, "INSERT INTO counter VALUES(1, 0, %d)", ACCOUNTS * OPENING_BALANCE);
    run(db, seed);
  }
  run(db, "COMMIT");
}

static uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

struct statements {
  sqlite3_stmt *begin, *move, *append, *count, *touch, *commit;
};

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail(sql, db);
  return statement;
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement), db);
  sqlite3_reset(statement);
}

static void move(sqlite3 *db, struct statements *s, int account, int amount) {
  sqlite3_bind_int(s->move, 1, amount);
  sqlite3_bind_int(s->move, 2, account);
  step(db, s->move);
}

static void transact(sqlite3 *db, struct statements *s, int64_t number, uint32_t *random) {
  int source = 1 + (int)(next_random(random) % ACCOUNTS);
  int destination = 1 + (int)((unsigned)source + next_random(random) % (ACCOUNTS - 1)) % ACCOUNTS;
  int amount = 1 + (int)(next_random(random) % 50);
  char note[96];
  snprintf(note, sizeof note, "transfer %lld of %d from account %d to account %d", (long long)number, amount, source,
           destination);
  step(db, s->begin);
  move(db, s, source, -amount);
  move(db, s, destination, amount);
  sqlite3_bind_int64(s->append, 1, number);
  sqlite3_bind_int64(s->append, 2, wall_ms());
  sqlite3_bind_int(s->append, 3, source);
  sqlite3_bind_int(s->append, 4, destination);
  sqlite3_bind_int(s->append, 5, amount);
  sqlite3_bind_text(s->append, 6, note, -1, SQLITE_TRANSIENT);
  step(db, s->append);
  sqlite3_bind_int64(s->count, 1, number);
  step(db, s->count);
  if (s->touch) {
    sqlite3_bind_int64(s->touch, 1, number);
    step(db, s->touch);
  }
  step(db, s->commit);
}

/* Sleeps until `due` and moves it one interval on; after a stall of more than a second it does not try to catch up. */
static void pace(struct timespec *due, int64_t interval_ns) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (now.tv_sec > due->tv_sec + 1) *due = now;
  due->tv_nsec += (long)(interval_ns % 1000000000);
  due->tv_sec += (time_t)(interval_ns / 1000000000) + due->tv_nsec / 1000000000;
  due->tv_nsec %= 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL);
}

struct options {
  double rate;
  int64_t transactions, record_mib, checkpoint_pages;
  int rollback, ledger;
};

static int write_database(const struct options *options) {
  sqlite3 *db;
  struct sigaction action = {.sa_handler = on_stop};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  if (sqlite3_open(database_path, &db) != SQLITE_OK) fail("cannot be opened", db);
  sqlite3_busy_timeout(db, 10000);
  run(db, options->rollback ? "PRAGMA journal_mode=DELETE" : "PRAGMA journal_mode=WAL");
  run(db, "PRAGMA synchronous=NORMAL");
  if (options->checkpoint_pages > 0) sqlite3_wal_autocheckpoint(db, (int)options->checkpoint_pages);
  create_schema(db);
  int64_t records = records_create(db, options->record_mib);
  if (records < 0) fail("the records cannot be created", db);
  if (records == 0 && options->record_mib > 0) {
    fprintf(stderr, "sample-writer: %s: this database has transactions already; --records needs a new one\n", database_path);
    exit(1);
  }
  int64_t number = number_of(db, "SELECT transactions FROM counter");
  uint32_t random = 2463534242u ^ (uint32_t)number;
  struct statements s = {
      prepare(db, "BEGIN IMMEDIATE"),
      prepare(db, "UPDATE account SET balance = balance + ?1 WHERE id = ?2"),
      prepare(db, "INSERT INTO ledger(id, at_ms, source, destination, amount, note) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      prepare(db, "UPDATE counter SET transactions = ?1"),
      records > 0 ? records_touch(db, records) : NULL,
      prepare(db, "COMMIT"),
  };
  if (records > 0 && s.touch == NULL) fail("the records cannot be changed", db);
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  for (int64_t done = 0; !stopping && (options->transactions == 0 || done < options->transactions); done += 1) {
    number += 1;
    transact(db, &s, number, &random);
    if (options->ledger) {
      printf("%lld %lld\n", (long long)number, (long long)wall_ms());
      if (fflush(stdout) != 0) break; /* whoever read the ledger has gone */
    }
    if (options->rate > 0) pace(&due, (int64_t)(1e9 / options->rate));
  }
  sqlite3_finalize(s.begin);
  sqlite3_finalize(s.move);
  sqlite3_finalize(s.append);
  sqlite3_finalize(s.count);
  sqlite3_finalize(s.touch);
  sqlite3_finalize(s.commit);
  if (sqlite3_close(db) != SQLITE_OK) fail("cannot be closed", db);
  return 0;
}

/* ----------------------------------------------------------------------------------------------------- checking */

/* Each rule as a query that answers NULL, or a sentence where the rule is broken. */
static const char *const rules[] = {
    "SELECT CASE WHEN (SELECT count(*) FROM counter) <> 1 THEN 'the counter row is missing' END",
    "SELECT 'the balances add up to ' || sum(balance) || ' instead of ' || (SELECT total FROM counter) FROM account"
    " HAVING sum(balance) <> (SELECT total FROM counter)",
    "SELECT 'the ledger has ' || count(*) || ' rows, the counter says ' || (SELECT transactions FROM counter)"
    " FROM ledger HAVING count(*) <> (SELECT transactions FROM counter)",
    "SELECT 'the last ledger row is ' || max(id) || ', the counter says ' || (SELECT transactions FROM counter)"
    " FROM ledger HAVING coalesce(max(id), 0) <> (SELECT transactions FROM counter)",
    "SELECT 'account ' || id || ' has ' || balance || ', the ledger says ' || said FROM (SELECT a.id, a.balance,"
    " (SELECT total FROM counter) / (SELECT count(*) FROM account) + coalesce(i.amount, 0) - coalesce(o.amount, 0) AS said"
    " FROM account a LEFT JOIN (SELECT destination, sum(amount) AS amount FROM ledger GROUP BY destination) i"
    " ON i.destination = a.id LEFT JOIN (SELECT source, sum(amount) AS amount FROM ledger GROUP BY source) o"
    " ON o.source = a.id) WHERE balance <> said LIMIT 1",
};

/* Copies the sentence of a broken rule, or the error, into `why`; returns whether the query could be run and found nothing. */
static int holds(sqlite3 *db, const char *sql, char *why, size_t size) {
  sqlite3_stmt *statement = NULL;
  int ok = 1;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
    snprintf(why, size, "%s", sqlite3_errmsg(db));
    return 0;
  }
  int result = sqlite3_step(statement);
  const char *text = result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
  if (result != SQLITE_ROW && result != SQLITE_DONE) {
    snprintf(why, size, "%s", sqlite3_errmsg(db));
    ok = 0;
  } else if (text && strcmp(text, "ok") != 0) {
    snprintf(why, size, "%s", text);
    ok = 0;
  }
  sqlite3_finalize(statement);
  return ok;
}

static int check_database(void) {
  sqlite3 *db;
  char why[1024];
  if (sqlite3_open_v2(database_path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
    return verdict(0, 0, sqlite3_errmsg(db));
  sqlite3_busy_timeout(db, 10000);
  if (!holds(db, "PRAGMA integrity_check(1)", why, sizeof why)) return verdict(0, 0, why);
  if (number_of(db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('account', 'ledger', 'counter')") != 3)
    return verdict(0, 0, "the tables are not there");
  int64_t transactions = number_of(db, "SELECT coalesce(max(id), 0) FROM ledger");
  int64_t last_ms = number_of(db, "SELECT coalesce((SELECT at_ms FROM ledger ORDER BY id DESC LIMIT 1), 0)");
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i += 1)
    if (!holds(db, rules[i], why, sizeof why)) return verdict(transactions, last_ms, why);
  if (number_of(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'record'") == 1)
    for (size_t i = 0; i < sizeof record_rules / sizeof *record_rules; i += 1)
      if (!holds(db, record_rules[i], why, sizeof why)) return verdict(transactions, last_ms, why);
  sqlite3_close(db);
  return verdict(transactions, last_ms, NULL);
}

/* -------------------------------------------------------------------------------------------------- command line */

static int usage(const char *wrong) {
  fprintf(stderr,
          "sample-writer: %s\n"
          "usage: sample-writer FILE.db [--rate PER_SECOND] [--mode wal|rollback] [--transactions N] [--ledger]\n"
          "                     [--records MIB] [--checkpoint PAGES]\n"
          "       sample-writer --check FILE.db     a copy that may be changed by recovery\n"
          "--rate 0 writes as fast as it can; --transactions 0 (the default) goes on until SIGTERM\n"
          "--records adds a table of so many MiB to a new database; --checkpoint is the log's length at which it is folded in\n",
          wrong);
  return 2;
}

int main(int count, char **words) {
  struct options options = {.rate = 190};
  int check = 0;
  for (int i = 1; i < count; i += 1) {
    char *end = NULL;
    const char *word = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
    if (strcmp(word, "--ledger") == 0) options.ledger = 1;
    else if (strcmp(word, "--check") == 0) check = 1;
    else if (word[0] != '-' && database_path[0] == 0) database_path = word;
    else if (word[0] != '-') return usage("one database file is enough");
    else if (value == NULL) return usage("an option is unknown or lacks its value");
    else {
      i += 1;
      if (strcmp(word, "--rate") == 0) options.rate = strtod(value, &end);
      else if (strcmp(word, "--transactions") == 0) options.transactions = strtoll(value, &end, 10);
      else if (strcmp(word, "--records") == 0) options.record_mib = strtoll(value, &end, 10);
      else if (strcmp(word, "--checkpoint") == 0) options.checkpoint_pages = strtoll(value, &end, 10);
      else if (strcmp(word, "--mode") == 0 && strcmp(value, "rollback") == 0) options.rollback = 1;
      else if (strcmp(word, "--mode") != 0 || strcmp(value, "wal") != 0) return usage("an option or its value is unknown");
      if (end != NULL && (*end != 0 || end == value)) return usage("a number was expected");
    }
  }
  if (database_path[0] == 0) return usage("no database file given");
  if (options.rate < 0 || options.transactions < 0 || options.record_mib < 0 || options.checkpoint_pages < 0) return usage("numbers must not be negative");
  if (options.record_mib > 4096) return usage("--records takes 4096 MiB at most");
  if (options.checkpoint_pages > 1000000) return usage("--checkpoint takes 1000000 pages at most");
  return check ? check_database() : write_database(&options);
}
