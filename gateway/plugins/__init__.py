"""Plug-ins: functions that routes name in `plugin`. Each file is a module of them."""
