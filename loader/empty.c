typedef int loader_empty; /* replaced by the first real file */
