typedef int config_empty; /* replaced by the first real file */
