/* hash.h - the two hashes everything is identified by, both XXH3 with seed 0 (xxHash 0.8, "XXH3" stable since 0.8.0). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_HEX_LEN 32

/* 128-bit id, written as 32 lower-case hex digits, high half first. */
struct id {
    char hex[ID_HEX_LEN + 1];
};

struct id id_of(const void *bytes, size_t len);      /* the id of a URL is id_of(its key form) */
bool id_valid(const char *hex, size_t len);          /* exactly 32 lower-case hex digits */
int hex_digit(char c);                                 /* the value of a hex digit of either case, -1 for what is none */
void hex_put(char out[2], unsigned char byte);       /* two lower-case digits, no NUL */
uint64_t hash64(const void *bytes, size_t len);

#endif
