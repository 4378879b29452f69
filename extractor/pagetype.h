/* pagetype.h - whether a page is an article, and if not, what. Errors (soft 404, bot checks, consent walls, logins) by what
 * they say, since nothing else of the page counts then; live blogs, galleries and videos by what the page calls itself;
 * article or not by rule (it says it is one) or by model. */
#ifndef EXTRACTOR_PAGETYPE_H
#define EXTRACTOR_PAGETYPE_H

#include "extractor/fields.h"
#include "extractor/model.h"

enum { PAGE_URL_FEATURES = 22, PAGE_MARKUP_FEATURES = 48, PAGE_BLOCK_FEATURES = 61,
       PAGE_FEATURE_COUNT = PAGE_URL_FEATURES + PAGE_MARKUP_FEATURES + PAGE_BLOCK_FEATURES };

void pagetype_row(const struct page_view *v, const struct article_fields *f, float row[PAGE_FEATURE_COUNT]);
/* Sets f->page_type and f->page_reason. */
void pagetype_fill(const struct page_view *v, const struct model *model, struct article_fields *f);

#endif
