/* replay.c - runs a fuzz target over the files of the folders it is given. */
#include "tests/fuzz/fuzz.h"

#include "base/buffer.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

static bool replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buffer b;
    char piece[4096];
    size_t n;

    if (!f) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    buffer_init(&b, 0);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buffer_append(&b, piece, n);
    fclose(f);
    LLVMFuzzerTestOneInput((const uint8_t *)buffer_str(&b), b.len);
    buffer_fini(&b);
    return true;
}

int main(int argc, char **argv)
{
    size_t files = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            fprintf(stderr, "%s: no such folder\n", argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(folder));) {
            char path[4096];
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (!replay(path))
                return 1;
            files++;
        }
        closedir(folder);
    }
    printf("%zu files\n", files);
    return files ? 0 : 1;
}
