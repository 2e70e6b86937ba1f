"""What the Workers agree on: names, problem types, RPC messages and the arithmetic of limits.

Vendored into every Worker's `python_modules/`; it imports nothing but msgspec and the standard
library, and no Worker's own code. `edge` alone needs workerd: the border that services share.
"""
