/* html_depth.c - see html_depth.h. The stack is bounded, so each tag costs at most a walk over it; a count for each name
 * makes that walk rare. */
#include "base/html_depth.h"

#include <string.h>

/* What a start tag closes first, unless one of the elements that end the search lies in between ("has an element in
 * scope", HTML standard 13.2.4.2, and the rules of 13.2.6.4.7). */
enum closing { CLOSES_NOTHING, CLOSES_P, CLOSES_ITEM, CLOSES_TERM, CLOSES_OPTION, CLOSES_CELL, CLOSES_ROW, CLOSES_ROWS, IS_VOID };

static enum closing closing_of(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_AREA: case GUMBO_TAG_BASE: case GUMBO_TAG_BASEFONT: case GUMBO_TAG_BGSOUND: case GUMBO_TAG_BR:
    case GUMBO_TAG_COL: case GUMBO_TAG_EMBED: case GUMBO_TAG_FRAME: case GUMBO_TAG_HR: case GUMBO_TAG_IMAGE: case GUMBO_TAG_IMG:
    case GUMBO_TAG_INPUT: case GUMBO_TAG_KEYGEN: case GUMBO_TAG_LINK: case GUMBO_TAG_META: case GUMBO_TAG_PARAM:
    case GUMBO_TAG_SOURCE: case GUMBO_TAG_TRACK: case GUMBO_TAG_WBR:
        return IS_VOID;
    case GUMBO_TAG_ADDRESS: case GUMBO_TAG_ARTICLE: case GUMBO_TAG_ASIDE: case GUMBO_TAG_BLOCKQUOTE: case GUMBO_TAG_CENTER:
    case GUMBO_TAG_DETAILS: case GUMBO_TAG_DIR: case GUMBO_TAG_DIV: case GUMBO_TAG_DL: case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_FIGCAPTION: case GUMBO_TAG_FIGURE: case GUMBO_TAG_FOOTER: case GUMBO_TAG_FORM: case GUMBO_TAG_H1:
    case GUMBO_TAG_H2: case GUMBO_TAG_H3: case GUMBO_TAG_H4: case GUMBO_TAG_H5: case GUMBO_TAG_H6: case GUMBO_TAG_HEADER:
    case GUMBO_TAG_HGROUP: case GUMBO_TAG_LISTING: case GUMBO_TAG_MAIN: case GUMBO_TAG_MENU: case GUMBO_TAG_NAV: case GUMBO_TAG_OL:
    case GUMBO_TAG_P: case GUMBO_TAG_PLAINTEXT: case GUMBO_TAG_PRE: case GUMBO_TAG_SECTION: case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_UL: case GUMBO_TAG_XMP:
        return CLOSES_P;
    case GUMBO_TAG_LI:
        return CLOSES_ITEM;
    case GUMBO_TAG_DD: case GUMBO_TAG_DT:
        return CLOSES_TERM;
    case GUMBO_TAG_OPTION: case GUMBO_TAG_OPTGROUP:
        return CLOSES_OPTION;
    case GUMBO_TAG_TD: case GUMBO_TAG_TH:
        return CLOSES_CELL;
    case GUMBO_TAG_TR:
        return CLOSES_ROW;
    case GUMBO_TAG_TBODY: case GUMBO_TAG_THEAD: case GUMBO_TAG_TFOOT:
        return CLOSES_ROWS;
    default:
        return CLOSES_NOTHING;
    }
}

/* Elements that end a search for an open p. */
static bool ends_scope(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_APPLET: case GUMBO_TAG_BUTTON: case GUMBO_TAG_CAPTION: case GUMBO_TAG_HTML: case GUMBO_TAG_MARQUEE:
    case GUMBO_TAG_OBJECT: case GUMBO_TAG_TABLE: case GUMBO_TAG_TD: case GUMBO_TAG_TEMPLATE: case GUMBO_TAG_TH:
        return true;
    default:
        return false;
    }
}

static void pop_to(struct html_depth *d, unsigned depth)
{
    while (d->depth > depth)
        d->count[d->open[--d->depth]]--;
}

/* Closes the innermost element a or b, unless an element for which stops() holds lies inside it. */
static void close_nearest(struct html_depth *d, GumboTag a, GumboTag b, bool (*stops)(GumboTag))
{
    if (!d->count[a] && !d->count[b])
        return;
    for (unsigned i = d->depth; i-- > 0;) {
        GumboTag tag = (GumboTag)d->open[i];
        if (tag == a || tag == b) {
            pop_to(d, i);
            return;
        }
        if (stops(tag))
            return;
    }
}

static bool is_list(GumboTag tag)
{
    return tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_DL || ends_scope(tag);
}

static bool is_select(GumboTag tag)
{
    return tag == GUMBO_TAG_SELECT || tag == GUMBO_TAG_DATALIST || ends_scope(tag);
}

static bool is_table(GumboTag tag)
{
    return tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_TEMPLATE;
}

void html_depth_init(struct html_depth *d, unsigned max)
{
    memset(d, 0, sizeof(*d));
    d->max = max && max < HTML_DEPTH_MAX ? max : HTML_DEPTH_MAX;
}

bool html_depth_start(struct html_depth *d, GumboTag tag)
{
    enum closing closing = closing_of(tag);

    if (closing == IS_VOID)
        return true;
    if (d->beyond == 0) {
        if (closing == CLOSES_ITEM)
            close_nearest(d, GUMBO_TAG_LI, GUMBO_TAG_LI, is_list);
        else if (closing == CLOSES_TERM)
            close_nearest(d, GUMBO_TAG_DT, GUMBO_TAG_DD, is_list);
        else if (closing == CLOSES_OPTION)
            close_nearest(d, GUMBO_TAG_OPTION, tag, is_select);
        else if (closing == CLOSES_CELL)
            close_nearest(d, GUMBO_TAG_TD, GUMBO_TAG_TH, is_table);
        else if (closing == CLOSES_ROW)
            close_nearest(d, GUMBO_TAG_TR, GUMBO_TAG_TR, is_table);
        else if (closing == CLOSES_ROWS) {
            close_nearest(d, GUMBO_TAG_TBODY, GUMBO_TAG_THEAD, is_table);
            close_nearest(d, GUMBO_TAG_TFOOT, GUMBO_TAG_TFOOT, is_table);
        } else if (closing == CLOSES_P)
            close_nearest(d, GUMBO_TAG_P, GUMBO_TAG_P, ends_scope);
    }
    if (d->depth == d->max) {
        d->beyond++;
        d->deepest = d->max + 1;
        return false;
    }
    d->open[d->depth++] = (uint16_t)tag;
    d->count[tag]++;
    if (d->depth > d->deepest)
        d->deepest = d->depth;
    return true;
}

bool html_depth_end(struct html_depth *d, GumboTag tag)
{
    if (d->beyond) {
        if (closing_of(tag) != IS_VOID)
            d->beyond--;
        return false;
    }
    if (d->count[tag])
        close_nearest(d, tag, tag, is_table);
    return true;
}
