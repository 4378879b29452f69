/* ids.h - ids for tests: those of https://a.example/0, /1, /2 … */
#ifndef TESTS_UNIT_IDS_H
#define TESTS_UNIT_IDS_H

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

static struct id id_n(int n)
{
    char key[32];
    snprintf(key, sizeof(key), "https://a.example/%d", n);
    return id_of(key, strlen(key));
}

#endif
