"""What a route does at its end, where that is more than to ask its one service."""
