"""Tables of cases that run under CPython and, the same data, through workerd."""
