typedef int crawler_empty; /* replaced by the first real file */
