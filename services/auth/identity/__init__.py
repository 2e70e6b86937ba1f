"""Who is calling: tokens, API keys, clients. Plain Python, no platform, nothing of a request kept."""
