"""Tables of cases in plain JSON values, run under CPython and in workerd alike."""
