typedef int extractor_empty; /* replaced by the first real file */
