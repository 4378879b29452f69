typedef int pipeline_empty; /* replaced by the first real file */
