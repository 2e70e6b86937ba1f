"""Who is calling: tokens, API keys, clients. Plain Python, no platform, no state of its own."""
