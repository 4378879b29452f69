/* main.c - `tidings`: finds the subcommand and runs it (cli/command.h). A child that parses pages is this program, too. */
#include "cli/command.h"
#include "extractor/pool.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], POOL_CHILD_ARGUMENT) == 0)
        return pool_child_main(argc, argv);
    return command_main(argc, argv);
}
