#include "extractor/memory.h"

#include "base/mem.h"

#define SURE 0.97f /* docs/measurements.md, "Site memory" */

struct run { size_t from, to, words; };

static bool is_doubted(const struct verdict *v)
{
    return v->keep && v->probability < SURE;
}

/* The most words in a row of kept blocks that are all doubted, or all not. */
static struct run longest_run(const struct doc *d, const struct verdict *v)
{
    struct run best = { 0 }, now = { 0 };

    for (size_t i = 0; i < d->block_count; i++) {
        if (!v[i].keep || now.words == 0 || is_doubted(&v[i]) != is_doubted(&v[now.from]))
            now = (struct run){ i, i, 0 };
        if (!v[i].keep)
            continue;
        now.to = i + 1;
        now.words += d->blocks[i].words;
        if (now.words > best.words)
            best = now;
    }
    return best;
}

static uint32_t short_hash(const struct block *b)
{
    return (uint32_t)(b->hash ^ b->hash >> 32);
}

static bool is_known(uint32_t hash, const uint32_t *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (known[i] == hash)
            return true;
    return false;
}

size_t memory_apply(const struct doc *d, struct verdict *out, const uint32_t *known, size_t known_count, uint32_t *doubted)
{
    struct run run = longest_run(d, out);
    size_t told = 0;

    for (size_t i = 0; i < d->block_count; i++) {
        if (!is_doubted(&out[i]) || (i >= run.from && i < run.to))
            continue;
        uint32_t hash = short_hash(&d->blocks[i]);
        if (told < MEMORY_TELLS)
            doubted[told++] = hash;
        if (is_known(hash, known, known_count)) {
            out[i].keep = false;
            out[i].rule = RULE_MEMORY;
        }
    }
    return told;
}
