/* paragraph.h - sentences for people, broken at spaces where a terminal's line ends; in a pipe they stay as they are. */
#ifndef CLI_PARAGRAPH_H
#define CLI_PARAGRAPH_H

/* Columns of the terminal at standard output; 0: it is none. */
int paragraph_columns(void);
/* Prints text and a line's end. used: columns of the line that are printed already; indent: spaces before the lines after it. text is
 * such as a terminal may be shown (text_for_terminal()). */
void paragraph_print(const char *text, int used, int indent);

#endif
