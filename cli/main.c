/* main.c - `tidings`: finds the subcommand and runs it (cli/command.h). */
#include "cli/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
