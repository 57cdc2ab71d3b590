"""The packet path's inner loops in C, for where a compiler is; `library` tells whether they run."""
