/* The writer's large table: see records.c. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdint.h>

#include "sqlite3.h"

/* Fills a new database with so many MiB of records. Returns how many there are, also those of an earlier run; -1: see sqlite3_errmsg. */
int64_t records_create(sqlite3 *db, int64_t mib);

/* The statement that changes the records of transaction ?1, where there are so many; NULL: see sqlite3_errmsg. */
sqlite3_stmt *records_touch(sqlite3 *db, int64_t records);

/* Queries that answer NULL, or a sentence where a rule is broken; for databases that have the table. */
extern const char *const record_rules[2];

#endif
