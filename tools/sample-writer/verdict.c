/*
 * What --check says, as one line of JSON. In: what the image ends with, and why it is wrong or NULL. Out: the line, and the exit code.
 */
#include "verdict.h"

#include <stdio.h>

static void print_text(const char *text) {
  putchar('"');
  for (; *text; text += 1) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 0x20) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

int verdict(int64_t transactions, int64_t last_ms, const char *why) {
  printf("{\"ok\":%s,\"transactions\":%lld,\"lastCommitMs\":%lld,\"why\":", why ? "false" : "true",
         (long long)transactions, (long long)last_ms);
  if (why) print_text(why);
  else printf("null");
  printf("}\n");
  return why ? 1 : 0;
}
