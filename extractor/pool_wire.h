/* pool_wire.h - private to pool*.c: how a request and an answer cross a pipe. Both ends are the same program on the same
 * machine, so structs travel as they are.
 *
 *   request: wire_request, header_count × wire_header, names and values of the headers, key, value
 *   answer:  wire_answer, parse.h's bytes */
#ifndef EXTRACTOR_POOL_WIRE_H
#define EXTRACTOR_POOL_WIRE_H

#include "base/buffer.h"
#include "pipeline/stream.h"

#include <stdint.h>

#define WIRE_MAGIC 0x74696431u
#define POOL_CHILD_NEVER_BEGAN 70 /* exit status of a child that could not be confined: no page is to blame */
#define WIRE_HEADERS_MAX 256
#define WIRE_PART_MAX ((size_t)64 << 20) /* of any length here: a bound against nonsense */

struct wire_request {
    uint32_t magic, header_count;
    uint32_t head_len; /* bytes of headers with their lengths, and the key */
    uint32_t key_len, value_len;
    uint32_t has_value;
};
struct wire_header {
    uint32_t name_len, value_len;
};
struct wire_answer {
    uint32_t magic, len;
};

#endif
